#include "io/process.hpp"

#include "base/backoff.hpp"
#include "io/deadline.hpp"
#include "io/descriptor.hpp"
#include "io/pidfd.hpp"
#include "io/spawn.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

namespace bgplb::io {

namespace {

using boost::asio::posix::stream_descriptor;

constexpr std::string_view kUsualFolders = "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin";
constexpr std::size_t kMostOutput = 64UL * 1024 * 1024;  // bytes read from each output stream
constexpr std::chrono::milliseconds kFirstPoll{2};
constexpr std::chrono::milliseconds kLongestPoll{50};
// SIGKILL ends a program within this time, unless it is in uninterruptible sleep (state D).
constexpr std::chrono::milliseconds kKillPatience{200};

// A started program. Waits only for its own process ID and never for any child, because other
// components of the controller have child processes too.
class Child {
 public:
  using TimePoint = Deadline::Clock::time_point;

  Child(const boost::asio::any_io_executor& executor, pid_t pid) : pid_(pid), poll_(executor) {
    if (Descriptor fd = openPidfd(pid); fd.isOpen()) pidfd_.emplace(executor, fd.release());
  }
  Child(Child&& other) noexcept
      : pid_(std::exchange(other.pid_, 0)),
        pidfd_(std::move(other.pidfd_)),
        poll_(std::move(other.poll_)),
        status_(other.status_) {}
  Child& operator=(Child&&) = delete;
  // The program is still running only if the event loop is being destroyed. Do not wait for the
  // program: PID 1 adopts and reaps it.
  ~Child() {
    if (pid_ > 0 && !status_) kill();
  }

  pid_t pid() const { return pid_; }
  void kill() const { ::kill(pid_, SIGKILL); }

  // Waits until the program has ended, or until `deadline`. Returns the wait status of a program
  // that has ended. If another part of the process has reaped it, returns the status of a program
  // killed by SIGKILL.
  Task<std::optional<int>> ended(TimePoint deadline) {
    if (pidfd_) {
      stream_descriptor& pidfd = *pidfd_;
      Deadline limit(pidfd.get_executor(), [&pidfd] { pidfd.cancel(); });
      limit.expireAt(deadline);
      co_await pidfd.async_wait(stream_descriptor::wait_read, asTuple);
    }
    // The pidfd of a traced program becomes readable when the program dies, but the program can be
    // reaped only after the debugger has released it.
    Backoff pause(kFirstPoll, kLongestPoll);
    while (!reap() && Deadline::Clock::now() < deadline) {
      poll_.expires_at(std::min(Deadline::Clock::now() + pause.next(), deadline));
      co_await poll_.async_wait(asTuple);
    }
    co_return status_;
  }

 private:
  bool reap() {
    int status = 0;
    if (status_) return true;
    const pid_t got = waitpid(pid_, &status, WNOHANG);
    if (got == 0 || (got < 0 && errno == EINTR)) return false;
    status_ = got < 0 ? SIGKILL : status;
    return true;
  }

  pid_t pid_;
  std::optional<stream_descriptor> pidfd_;  // none: polled with waitpid(2)
  boost::asio::steady_timer poll_;
  std::optional<int> status_;
};

// Owns a killed program until the kernel ends it. A program in uninterruptible sleep does not react
// to SIGKILL.
Task<> reapLate(Child child, std::shared_ptr<void> token) {
  co_await child.ended(Child::TimePoint::max());
  token.reset();
}

// Files in memory replace pipes: the controller need not write or read them while the program runs,
// and a child of the program that keeps one open blocks nothing.
Result<Descriptor> memoryFile(const char* name, const std::string& text) {
  // Hosts can require the flag (sysctl vm.memfd_noexec). Kernels before 6.3 reject it with EINVAL.
  constexpr unsigned kNoExecSeal = 8;  // MFD_NOEXEC_SEAL
  int fd = memfd_create(name, MFD_CLOEXEC | kNoExecSeal);
  if (fd < 0 && errno == EINVAL) fd = memfd_create(name, MFD_CLOEXEC);
  Descriptor file(fd);
  if (!file.isOpen()) return transient(fmt::format("memfd_create: {}", std::strerror(errno)));
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t written = write(file.get(), text.data() + done, text.size() - done);
    if (written < 0 && errno != EINTR)
      return transient(fmt::format("memfd: {}", std::strerror(errno)));
    if (written > 0) done += static_cast<std::size_t>(written);
  }
  lseek(file.get(), 0, SEEK_SET);
  return file;
}

std::string contents(const Descriptor& file) {
  std::string text;
  std::array<char, 16384> chunk;
  while (text.size() < kMostOutput) {
    const ssize_t got =
        pread(file.get(), chunk.data(), chunk.size(), static_cast<off_t>(text.size()));
    if (got == 0 || (got < 0 && errno != EINTR)) break;
    if (got > 0) text.append(chunk.data(), static_cast<std::size_t>(got));
  }
  return text;
}

std::string searchPath() {
  const char* path = std::getenv("PATH");
  return path == nullptr || *path == '\0' ? std::string(kUsualFolders)
                                          : fmt::format("{}:{}", path, kUsualFolders);
}

// For execve(2): pointers into `texts`, then a null pointer.
std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  all.reserve(texts.size() + 1);
  for (const auto& text : texts) all.push_back(const_cast<char*>(text.c_str()));
  all.push_back(nullptr);
  return all;
}

Result<pid_t> start(const std::string& program, const Command& command, int in, int out, int err) {
  const auto arguments = pointers(command.argv);
  std::vector<std::string> variables = command.environment;
  variables.push_back("PATH=" + searchPath());
  variables.emplace_back("LC_ALL=C");
  const auto environment = pointers(variables);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, err, STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  sigset_t all;
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  pid_t pid = 0;
  const int code =
      posix_spawn(&pid, program.c_str(), &files, &attributes, arguments.data(), environment.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (code == 0) return pid;
  const std::string message = fmt::format("{}: {}", program, std::strerror(code));
  if (code == ENOENT) return notFound(message);
  return code == EACCES || code == ENOEXEC ? invalid(message) : transient(message);
}

}  // namespace

Task<Result<Finished>> run(Command command) {
  if (command.argv.empty()) co_return invalid("no program");
  const auto program = findProgram(command.argv.front());
  if (!program) co_return program.error();
  const auto in = memoryFile("stdin", command.input);
  if (!in) co_return in.error();
  const auto out = memoryFile("stdout", {});
  if (!out) co_return out.error();
  const auto err = memoryFile("stderr", {});
  if (!err) co_return err.error();
  const auto pid = start(*program, command, in->get(), out->get(), err->get());
  if (!pid) co_return pid.error();

  const auto executor = co_await boost::asio::this_coro::executor;
  Child child(executor, *pid);
  const std::string& name = command.argv.front();
  auto status = co_await child.ended(Deadline::Clock::now() + command.deadline);
  if (!status) {
    child.kill();
    const auto killed = co_await child.ended(Deadline::Clock::now() + kKillPatience);
    const std::string late =
        fmt::format("{}: not finished within {} ms", name, command.deadline.count());
    if (killed) co_return transient(late);
    const pid_t left = child.pid();
    io::spawn(executor, reapLate(std::move(child), std::move(command.untilEnded)),
              "reaper of " + name);
    co_return transient(
        fmt::format("{}; process {} was killed and the kernel has not ended it", late, left));
  }
  if (WIFSIGNALED(*status)) {
    co_return transient(fmt::format("{}: ended by signal {}", name, WTERMSIG(*status)));
  }
  co_return Finished{.status = WEXITSTATUS(*status), .out = contents(*out), .err = contents(*err)};
}

Result<std::string> findProgram(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const std::string path = searchPath();
  std::size_t at = 0;
  while (at <= path.size()) {
    const std::size_t end = std::min(path.find(':', at), path.size());
    const std::string candidate = path.substr(at, end - at) + "/" + name;
    if (end > at && access(candidate.c_str(), X_OK) == 0) return candidate;
    at = end + 1;
  }
  return notFound(fmt::format("{}: no such program in {}", name, path));
}

std::string errorText(const Finished& finished) {
  std::string text = finished.err.empty() ? finished.out : finished.err;
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ';');
  constexpr std::size_t kLongest = 400;  // bytes
  if (text.size() > kLongest) text.resize(kLongest);
  return text.empty() ? fmt::format("exit status {}", finished.status) : text;
}

}  // namespace bgplb::io
