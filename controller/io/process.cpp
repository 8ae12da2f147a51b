#include "io/process.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>

namespace bgplb::io {

namespace {

using boost::asio::posix::stream_descriptor;

constexpr std::string_view kUsualFolders = "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin";
constexpr std::size_t kMostOutput = 64UL * 1024 * 1024;  // bytes kept of each stream
// How often to look where the kernel cannot tell (pidfd_open(2) is there since Linux 5.3).
constexpr std::chrono::milliseconds kPoll{5};

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

// A child that has not been waited for. Only ever this one is waited for: others have children too.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    kill();
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  pid_t pid() const { return pid_; }
  void kill() const { ::kill(pid_, SIGKILL); }

  // The wait status once it has ended. If somebody else took it, that of a killed one.
  std::optional<int> ended() {
    int status = 0;
    const pid_t got = waitpid(pid_, &status, WNOHANG);
    if (got == 0 || (got < 0 && errno == EINTR)) return std::nullopt;
    pid_ = 0;
    return got < 0 ? SIGKILL : status;
  }

 private:
  pid_t pid_;
};

// Files in memory instead of pipes: nobody has to feed or drain them while the program runs, and a
// child of the program that keeps one open holds up nothing.
Result<Descriptor> memoryFile(const char* name, const std::string& text) {
  // Hosts may insist on the flag (vm.memfd_noexec); kernels before 6.3 do not know it.
  constexpr unsigned kNoExecSeal = 8;  // MFD_NOEXEC_SEAL
  int fd = memfd_create(name, MFD_CLOEXEC | kNoExecSeal);
  if (fd < 0 && errno == EINVAL) fd = memfd_create(name, MFD_CLOEXEC);
  Descriptor file(fd);
  if (file.get() < 0) return transient(fmt::format("memfd_create: {}", std::strerror(errno)));
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

Result<pid_t> spawn(const std::string& program, const std::vector<std::string>& argv, int in,
                    int out, int err) {
  std::vector<char*> arguments;
  for (const auto& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  std::string path = "PATH=" + searchPath();
  std::string locale = "LC_ALL=C";
  std::array<char*, 3> environment{path.data(), locale.data(), nullptr};

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

int openPidfd(pid_t pid) {
#ifdef SYS_pidfd_open
  return static_cast<int>(syscall(SYS_pidfd_open, pid, 0U));  // is close-on-exec by itself
#else
  (void)pid;
  return -1;
#endif
}

// Returns when the process has ended or the deadline has passed.
Task<> waitByPidfd(int pidfd, std::chrono::steady_clock::time_point deadline) {
  const auto executor = co_await boost::asio::this_coro::executor;
  // Shared with the timer's handler, which may run after this coroutine has gone on.
  const auto ending = std::make_shared<stream_descriptor>(executor, pidfd);
  boost::asio::steady_timer timer(executor, deadline);
  const std::weak_ptr<stream_descriptor> waited = ending;
  timer.async_wait([waited](const boost::system::error_code& error) {
    const auto descriptor = waited.lock();
    if (!error && descriptor) descriptor->cancel();
  });
  co_await ending->async_wait(stream_descriptor::wait_read, asTuple);
}

Task<std::optional<int>> waitByPolling(Child& child,
                                       std::chrono::steady_clock::time_point deadline) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  std::optional<int> status = child.ended();
  while (!status && std::chrono::steady_clock::now() < deadline) {
    timer.expires_after(kPoll);
    co_await timer.async_wait(asTuple);
    status = child.ended();
  }
  co_return status;
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
  const auto pid = spawn(*program, command.argv, in->get(), out->get(), err->get());
  if (!pid) co_return pid.error();

  Child child(*pid);
  const auto deadline = std::chrono::steady_clock::now() + command.deadline;
  const int pidfd = openPidfd(child.pid());
  std::optional<int> status;
  if (pidfd >= 0) {
    co_await waitByPidfd(pidfd, deadline);
    status = child.ended();
  } else {
    status = co_await waitByPolling(child, deadline);
  }
  const std::string& name = command.argv.front();
  if (!status) {
    co_return transient(fmt::format("{}: not done after {} ms", name, command.deadline.count()));
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

}  // namespace bgplb::io
