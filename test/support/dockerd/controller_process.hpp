#pragma once
// The real `bgplb run` as a child of the test, with its folders, and the BIRD that it starts. A
// controller that is killed leaves BIRD running, and the next one finds it; both end with the
// object.

#include "netns/bird_lab.hpp"
#include "support/dockerd/child_process.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace bgplb::test {

// The program that CMake built, or that of the environment variable BGPLB_PROGRAM: another build of
// it, with sanitizers for instance.
std::string program();

struct ControllerOptions {
  std::map<std::string, std::string> settings;  // as the plugin's environment has them
  std::string engineSocket;
  std::optional<unsigned> softFiles;  // RLIMIT_NOFILE
  std::optional<unsigned> hardFiles;
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
  void kill();  // SIGKILL, and reaped
  void signal(int number) const { child_->signal(number); }
  bool isRunning() { return child_ && child_->isRunning(); }

  std::string pluginSocket() const { return folder_ / "plugin.sock"; }
  pid_t bird() const;          // 0: there is none
  std::string log() const;     // of all runs
  std::string logEnd() const;  // the last 40 lines

 private:
  ControllerOptions options_;
  bird_lab::TemporaryFolder folder_;
  std::unique_ptr<ChildProcess> child_;
};

}  // namespace bgplb::test
