#include "bird/launch.hpp"

#include "bird/no_delay.hpp"
#include "io/close_at_exec.hpp"
#include "io/descriptor.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace bgplb::bird {

namespace {

// The grandchild reports its pid through a pipe that exec(3) closes, and then, if it fails, why.
struct Failure {
  int error = 0;  // errno
  bool ofUser = false;
};
struct Report {
  pid_t pid = 0;
  Failure failure;
};

struct Prepared {
  std::vector<char*> argv;
  std::vector<char*> environment;
  std::optional<User> user;
};

bool readWhole(int fd, void* to, std::size_t size) {
  auto* bytes = static_cast<char*>(to);
  while (size > 0) {
    const ssize_t got = ::read(fd, bytes, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    bytes += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

// Only async-signal-safe calls between fork and exec: another thread may hold any lock.
[[noreturn]] void becomeProgram(const Prepared& prepared, int standardError, int reportFd) {
  const pid_t pid = ::getpid();
  bool ready = ::write(reportFd, &pid, sizeof pid) == sizeof pid;
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  allowNoDelay();
  ready = ready && null >= 0 && ::dup2(null, STDIN_FILENO) >= 0 &&
          ::dup2(null, STDOUT_FILENO) >= 0 && ::dup2(standardError, STDERR_FILENO) >= 0 &&
          io::closeAtExec();
  const bool switched = ready && (!prepared.user || becomeUser(*prepared.user));
  if (switched) ::execvpe(prepared.argv[0], prepared.argv.data(), prepared.environment.data());
  const Failure failure{errno, ready && !switched};
  (void)!::write(reportFd, &failure, sizeof failure);  // a failure of this write is not reported
  ::_exit(127);
}

[[noreturn]] void forkAgain(const Prepared& prepared, int standardError, int reportFd) {
  ::setsid();  // cannot fail in a new child
  const pid_t grandchild = ::fork();
  if (grandchild == 0) becomeProgram(prepared, standardError, reportFd);
  ::_exit(grandchild < 0 ? 1 : 0);
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> list;
  list.reserve(strings.size() + 1);
  for (auto& text : strings) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

Error failureOf(const std::string& program, const Failure& failure,
                const std::optional<User>& user) {
  const char* reason = std::strerror(failure.error);
  if (failure.ofUser) {
    return unavailable(fmt::format("{}: cannot run as user {}: {}", program, user->uid, reason));
  }
  if (failure.error == ENOENT) return notFound(fmt::format("{}: {}", program, reason));
  const std::string as = user ? fmt::format(" (as user {})", user->uid) : "";
  return unavailable(fmt::format("{}: {}{}", program, reason, as));
}

}  // namespace

Result<pid_t> launchDetached(const std::vector<std::string>& argv, int standardError,
                             const std::optional<User>& user) {
  auto arguments = argv;
  std::vector<std::string> variables;
  for (const char* name : {"PATH", "TZ"}) {
    if (const char* value = std::getenv(name))
      variables.push_back(fmt::format("{}={}", name, value));
  }
  const Prepared prepared{pointers(arguments), pointers(variables), user};

  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return unavailable(fmt::format("{}: pipe2: {}", argv[0], std::strerror(errno)));
  }
  const io::Descriptor readEnd(ends[0]);
  io::Descriptor writeEnd(ends[1]);
  const pid_t child = ::fork();
  if (child == 0) forkAgain(prepared, standardError, writeEnd.get());
  if (child < 0) return unavailable(fmt::format("{}: fork: {}", argv[0], std::strerror(errno)));
  writeEnd.reset();  // so that a read ends when the grandchild has closed its write end
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  Report report;
  const bool forked = readWhole(readEnd.get(), &report.pid, sizeof report.pid);
  const bool failed = forked && readWhole(readEnd.get(), &report.failure, sizeof report.failure);
  if (!forked) return unavailable(fmt::format("{}: fork failed", argv[0]));
  if (failed) return failureOf(argv[0], report.failure, user);
  return report.pid;  // the pipe was closed by exec(3)
}

}  // namespace bgplb::bird
