#include "io/close_at_exec.hpp"

#include "base/parse.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>

namespace bgplb::io {

namespace {

bool markByProc() {
  const int folder = ::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return false;
  alignas(dirent64) std::array<char, 4096> entries;
  ssize_t size = 0;
  while ((size = ::getdents64(folder, entries.data(), entries.size())) > 0) {
    const char* at = entries.data();
    while (at < entries.data() + size) {
      const auto* entry = reinterpret_cast<const dirent64*>(at);
      const auto fd = parseWhole<int>(entry->d_name, STDERR_FILENO + 1);  // not "." and ".."
      if (fd) ::fcntl(*fd, F_SETFD, FD_CLOEXEC);
      at += entry->d_reclen;
    }
  }
  return size == 0;
}

}  // namespace

// Before Linux 5.11, close_range(2) does not have the flag.
bool closeAtExec() {
  return ::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0 || markByProc();
}

}  // namespace bgplb::io
