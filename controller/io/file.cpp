#include "io/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace bgplb::io {

namespace {

Error systemError(const std::string& path, const char* call) {
  const int code = errno;
  const auto kind = code == ENOENT ? ErrorKind::NotFound : ErrorKind::Transient;
  return {kind, fmt::format("{}: {}: {}", path, call, std::strerror(code))};
}

bool writeAll(int fd, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t written = write(fd, text.data() + done, text.size() - done);
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) done += static_cast<std::size_t>(written);
  }
  return true;
}

bool grant(int fd, Access access) {
  const bool hasGroup =
      access.group == Access::kOwnGroup || fchown(fd, static_cast<uid_t>(-1), access.group) == 0;
  return hasGroup && fchmod(fd, access.mode) == 0;
}

Result<void> syncFolder(const std::string& path) {
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return systemError(folder, "open");
  const int outcome = fsync(fd);
  close(fd);
  if (outcome != 0) return systemError(folder, "fsync");
  return {};
}

}  // namespace

Result<void> replaceFile(const std::string& path, const std::string& text, Access access,
                         Durability durability) {
  const std::string temporary = path + ".new";
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
  constexpr mode_t kUntilGranted = 0600;
  int fd = open(temporary.c_str(), kFlags, kUntilGranted);
  if (fd < 0 && errno == EEXIST) {
    unlink(temporary.c_str());  // O_CREAT would not change the mode of a leftover file
    fd = open(temporary.c_str(), kFlags, kUntilGranted);
  }
  if (fd < 0) return systemError(temporary, "open");
  const bool written = grant(fd, access) && writeAll(fd, text) &&
                       (durability == Durability::Cache || fsync(fd) == 0);
  const Error failure = systemError(temporary, "write");
  close(fd);
  if (!written || rename(temporary.c_str(), path.c_str()) != 0) {
    const Error error = written ? systemError(path, "rename") : failure;
    unlink(temporary.c_str());
    return error;
  }
  return durability == Durability::Cache ? Result<void>{} : syncFolder(path);
}

Result<void> setAccess(const std::string& path, Access access) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return systemError(path, "open");
  const bool granted = grant(fd, access);
  const Error failure = systemError(path, "change owner and mode");
  close(fd);
  if (!granted) return failure;
  return {};
}

Result<void> touchFile(const std::string& path, mode_t mode) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode);
  if (fd < 0) return systemError(path, "open");
  close(fd);
  return {};
}

Result<std::string> readFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return systemError(path, "open");
  std::string text;
  std::array<char, 16384> chunk;
  ssize_t got = 0;
  while ((got = read(fd, chunk.data(), chunk.size())) != 0) {
    if (got > 0) text.append(chunk.data(), static_cast<std::size_t>(got));
    if (got < 0 && errno != EINTR) break;
  }
  const Error failure = systemError(path, "read");
  close(fd);
  if (got < 0) return failure;
  return text;
}

}  // namespace bgplb::io
