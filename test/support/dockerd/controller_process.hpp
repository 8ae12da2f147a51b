#pragma once
// The real `bgplb run` as a child of the test, with its folders. After kill() BIRD keeps running,
// and the next start() finds it. The destructor ends both.

#include "netns/bird_lab.hpp"
#include "support/dockerd/child_process.hpp"
#include "support/dockerd/docker_values.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace bgplb::test {

// The program under test: the one that CMake built, unless the environment variable BGPLB_PROGRAM
// names another build.
std::string program();

struct ControllerOptions {
  std::map<std::string, std::string> settings;  // the plugin's environment
  std::string engineSocket;
  std::optional<unsigned> softFiles;  // RLIMIT_NOFILE
  std::optional<unsigned> hardFiles;
  bool underPid1 = false;  // bgplb-init starts the controller, with the plugin's capabilities
  std::string driverName = kDriver;
};

class ControllerProcess {
 public:
  explicit ControllerProcess(ControllerOptions options) : options_(std::move(options)) {}
  ~ControllerProcess();

  // Throws unless the plugin answers within 10 s.
  void start() {
    launch();
    awaitAnswer();
  }
  void launch();
  void awaitAnswer();
  void kill();  // SIGKILL, then reaps it
  // A setting for the next start.
  void set(const std::string& name, const std::string& value) { options_.settings[name] = value; }
  void signal(int number) const { child_->signal(number); }
  pid_t pid() const;   // the controller's; 0: none
  pid_t pid1() const;  // of bgplb-init; 0: none
  bool isRunning() { return child_ && child_->isRunning(); }

  std::string pluginSocket() const { return folder_ / "plugin.sock"; }
  pid_t bird() const;          // BIRD's pid; 0: none
  std::string state();         // "running", "ended by signal 11", ...
  std::string log() const;     // of all runs
  std::string logEnd() const;  // the last 40 lines
  // The beginning of a report by a sanitizer or by std::terminate; empty: none.
  std::string crashReport() const;

 private:
  ControllerOptions options_;
  bird_lab::TemporaryFolder folder_;
  std::unique_ptr<ChildProcess> child_;
};

}  // namespace bgplb::test
