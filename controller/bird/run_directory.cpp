#include "bird/run_directory.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

#include <filesystem>

namespace bgplb::bird {

namespace {

constexpr mode_t kSearchable = 0710;
constexpr mode_t kWritable = 0770;
constexpr mode_t kSearchByAll = 0111;

Error failed(const std::string& path, const char* call) {
  return unavailable(fmt::format("{}: {}: {}", path, call, std::strerror(errno)));
}

Result<void> make(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return failed(path, "mkdir");
}

// 0: unknown.
mode_t modeOf(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & mode_t{07777} : mode_t{0};
}
bool isSearchable(mode_t mode) { return (mode & S_IXOTH) != 0; }

Result<void> give(const std::string& path, gid_t group, mode_t mode) {
  if (::chown(path.c_str(), static_cast<uid_t>(-1), group) != 0) return failed(path, "chown");
  if (::chmod(path.c_str(), mode) != 0) return failed(path, "chmod");
  return {};
}

}  // namespace

Result<void> prepareRunDirectory(const RunPaths& paths, const std::optional<User>& user) {
  if (auto made = make(paths.directory); !made) return made;
  if (auto made = make(paths.ownDirectory); !made) return made;
  if (!user) return {};
  if (const mode_t mode = modeOf("/"); !isSearchable(mode)) {
    if (::chmod("/", mode | kSearchByAll) != 0) return failed("/", "chmod");
  }
  if (!isSearchable(modeOf(paths.directory))) {
    if (auto given = give(paths.directory, user->gid, kSearchable); !given) return given;
  }
  return give(paths.ownDirectory, user->gid, kWritable);
}

Result<void> linkControlSocket(const RunPaths& paths) {
  std::error_code ignored;
  const auto target = std::filesystem::read_symlink(paths.control, ignored);
  if (target == RunPaths::kSocket) return {};
  if (::unlink(paths.control.c_str()) != 0 && errno != ENOENT) {
    return failed(paths.control, "unlink");
  }
  // Relative, because the host sees the directory by another path.
  if (::symlink(RunPaths::kSocket, paths.control.c_str()) != 0) {
    return failed(paths.control, "symlink");
  }
  return {};
}

}  // namespace bgplb::bird
