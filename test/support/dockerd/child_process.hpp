#pragma once
// A program as a child of the test, with its own environment and limits. The destructor kills and
// reaps it by pid, so that a failed test leaves no process behind.

#include <signal.h>
#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace bgplb::test {

struct ChildOptions {
  std::vector<std::string> argv;
  std::map<std::string, std::string> environment;  // nothing is inherited
  std::string output;  // file that standard output and standard error are appended to
  std::optional<unsigned> softFiles;  // RLIMIT_NOFILE, soft limit; none: inherited
  std::optional<unsigned> hardFiles;  // RLIMIT_NOFILE, hard limit; none: inherited
};

// How a process ended.
struct Ending {
  bool bySignal = false;
  int code = 0;  // the exit status, or the number of the signal
};

class ChildProcess {
 public:
  // The child runs in the network namespace of the calling thread and is killed when this thread
  // ends. Throws if fork(2) fails. Status 127: the program cannot be executed.
  explicit ChildProcess(const ChildOptions& options);
  ~ChildProcess();  // SIGKILL
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  // How the process ended; none: it still runs when `deadline` has passed.
  std::optional<Ending> waitFor(std::chrono::milliseconds deadline);
  bool isRunning() { return !waitFor(std::chrono::milliseconds(0)); }

 private:
  pid_t pid_;
  std::optional<Ending> ending_;
};

}  // namespace bgplb::test
