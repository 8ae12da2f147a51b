#include "bird/no_delay.hpp"

#include "base/parse.hpp"
#include "bird/user.hpp"
#include "io/pidfd.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace bgplb::bird {

namespace {

// The glibc wrapper exists since 2.36; the system call also works with older headers.
io::Descriptor pidfdGetfd(const io::Descriptor& process, int theirs) {
  return io::Descriptor(static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), theirs, 0)));
}

int option(int fd, int level, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, level, name, &value, &size) == 0 ? value : 0;
}

bool isTcpConnection(int fd) {
  return option(fd, SOL_SOCKET, SO_PROTOCOL) == IPPROTO_TCP &&
         option(fd, SOL_SOCKET, SO_ACCEPTCONN) == 0;
}

Error refused(const char* call) {
  const auto kind = errno == ESRCH ? ErrorKind::NotFound : ErrorKind::Unavailable;
  return {kind, fmt::format("{}: {}", call, std::strerror(errno))};
}

}  // namespace

Result<void> setNoDelay(pid_t daemon) {
  const auto process = io::openPidfd(daemon);
  if (!process.isOpen()) return refused("pidfd_open");
  std::error_code error;
  std::filesystem::directory_iterator open(fmt::format("/proc/{}/fd", daemon), error);
  for (; !error && open != std::filesystem::directory_iterator(); open.increment(error)) {
    std::error_code unread;
    const auto target = std::filesystem::read_symlink(open->path(), unread).string();
    if (unread == std::errc::no_such_file_or_directory) continue;  // BIRD has closed it meanwhile
    if (unread) return unavailable(open->path().string() + ": " + unread.message());
    if (!target.starts_with("socket:")) continue;
    const std::string name = open->path().filename();
    const auto ours = pidfdGetfd(process, parseWhole<int>(name).value_or(-1));
    if (!ours.isOpen() && errno == EBADF) continue;
    if (!ours.isOpen()) return refused("pidfd_getfd");
    const int on = 1;
    if (isTcpConnection(ours.get()) &&
        ::setsockopt(ours.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
      return refused("TCP_NODELAY");
    }
  }
  if (!error) return {};
  const bool ended = error == std::errc::no_such_file_or_directory;
  return Error{ended ? ErrorKind::NotFound : ErrorKind::Unavailable,
               fmt::format("/proc/{}/fd: {}", daemon, error.message())};
}

Result<void> becomeUserAndSetNoDelay(pid_t daemon) {
  struct stat status {};
  if (::stat(fmt::format("/proc/{}", daemon).c_str(), &status) != 0) {
    return notFound(fmt::format("/proc/{}: {}", daemon, std::strerror(errno)));
  }
  // The owner is BIRD's user, or root if another process must not trace BIRD (proc(5)).
  const User user{status.st_uid, status.st_gid};
  if (user.uid != ::geteuid() && !becomeUser(user)) {
    return unavailable(fmt::format("user {}: {}", user.uid, std::strerror(errno)));
  }
  return setNoDelay(daemon);
}

void allowNoDelay() { (void)::prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0); }

}  // namespace bgplb::bird
