#include "io/pidfd.hpp"

#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace bgplb::io {

// The glibc wrapper exists since 2.36; the system call also works with older headers.
Descriptor openPidfd(pid_t pid) {
  return Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
}

Result<void> checkPidfd() {
  if (openPidfd(::getpid()).isOpen()) return {};
  if (errno == ENOSYS) {
    return unsupported("this kernel has no pidfd_open(2); Linux 5.3 or newer is needed");
  }
  const bool isBusy = errno == EMFILE || errno == ENFILE || errno == ENOMEM;
  std::string message = fmt::format("pidfd_open: {}", std::strerror(errno));
  return isBusy ? transient(std::move(message)) : unavailable(std::move(message));
}

}  // namespace bgplb::io
