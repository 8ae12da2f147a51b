#include "bird/no_delay.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>

namespace bgplb::bird {

namespace {

class Descriptor {
 public:
  explicit Descriptor(long fd) : fd_(static_cast<int>(fd)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

int option(int fd, int level, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, level, name, &value, &size) == 0 ? value : 0;
}

bool isTcpConnection(int fd) {
  return option(fd, SOL_SOCKET, SO_PROTOCOL) == IPPROTO_TCP && option(fd, SOL_SOCKET, SO_ACCEPTCONN) == 0;
}

Error refused(const char* call) { return unavailable(fmt::format("{}: {}", call, std::strerror(errno))); }

}  // namespace

Result<void> setNoDelay(pid_t daemon) {
  const Descriptor process(::syscall(SYS_pidfd_open, daemon, 0));
  if (process.get() < 0) return refused("pidfd_open");
  std::error_code error;
  std::filesystem::directory_iterator open(fmt::format("/proc/{}/fd", daemon), error);
  for (; !error && open != std::filesystem::directory_iterator(); open.increment(error)) {
    std::error_code closed;  // meanwhile
    const auto target = std::filesystem::read_symlink(open->path(), closed).string();
    if (closed || !target.starts_with("socket:")) continue;
    const std::string name = open->path().filename();
    int theirs = -1;
    std::from_chars(name.data(), name.data() + name.size(), theirs);
    const Descriptor ours(::syscall(SYS_pidfd_getfd, process.get(), theirs, 0));
    if (ours.get() < 0 && errno == EBADF) continue;
    if (ours.get() < 0) return refused("pidfd_getfd");
    const int on = 1;
    if (isTcpConnection(ours.get()) &&
        ::setsockopt(ours.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
      return refused("TCP_NODELAY");
    }
  }
  if (error) return unavailable(fmt::format("/proc/{}/fd: {}", daemon, error.message()));
  return {};
}

void allowNoDelay() { (void)::prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0); }

}  // namespace bgplb::bird
