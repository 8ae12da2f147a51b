#include "support/dockerd/child_process.hpp"

#include "io/close_at_exec.hpp"
#include "support/eventually.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace bgplb::test {

namespace {

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (auto& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

rlimit fileLimits(const ChildOptions& options) {
  rlimit limits{};
  if (getrlimit(RLIMIT_NOFILE, &limits) != 0) throw std::runtime_error("getrlimit");
  if (options.hardFiles) limits.rlim_max = *options.hardFiles;
  if (options.softFiles) limits.rlim_cur = *options.softFiles;
  limits.rlim_cur = std::min(limits.rlim_cur, limits.rlim_max);
  return limits;
}

}  // namespace

ChildProcess::ChildProcess(const ChildOptions& options) {
  auto words = options.argv;
  std::vector<std::string> variables;
  for (const auto& [name, value] : options.environment) variables.push_back(name + "=" + value);
  const auto argv = pointers(words);
  const auto environment = pointers(variables);
  const auto limits = fileLimits(options);
  const char* output = options.output.c_str();

  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error(std::string("fork: ") + std::strerror(errno));
  if (pid_ > 0) return;
  // Other threads of the test may hold locks: only async-signal-safe calls from here on.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int out = open(output, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
  // Copies of the test's descriptors would keep the fake dockerd's connections open.
  const bool ready = out >= 0 && in >= 0 && dup2(in, STDIN_FILENO) >= 0 &&
                     dup2(out, STDOUT_FILENO) >= 0 && dup2(out, STDERR_FILENO) >= 0 &&
                     io::closeAtExec() && setrlimit(RLIMIT_NOFILE, &limits) == 0;
  if (ready) execve(argv[0], argv.data(), environment.data());
  _exit(127);
}

ChildProcess::~ChildProcess() {
  if (ending_) return;
  signal(SIGKILL);
  (void)waitFor(std::chrono::seconds(10));
}

void ChildProcess::signal(int number) const {
  if (!ending_) (void)::kill(pid_, number);
}

std::optional<Ending> ChildProcess::waitFor(std::chrono::milliseconds deadline) {
  const auto ended = [this] {
    if (ending_) return true;
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) != pid_) return false;
    ending_ =
        WIFSIGNALED(status) ? Ending{true, WTERMSIG(status)} : Ending{false, WEXITSTATUS(status)};
    return true;
  };
  (void)eventually(ended, deadline);
  return ending_;
}

}  // namespace bgplb::test
