#pragma once
// Reads files and replaces them atomically. Every call may block.

#include "base/result.hpp"

#include <string>

#include <sys/types.h>

namespace bgplb::io {

enum class Durability {
  Cache,   // survives a crash of the program: enough on a tmpfs
  Synced,  // survives a crash of the machine: fsync(2) of file and folder
};

// Who may use a file. The umask has no effect.
struct Access {
  static constexpr gid_t kOwnGroup = static_cast<gid_t>(-1);  // of the writing process

  Access(mode_t bits, gid_t owner = kOwnGroup) : mode(bits), group(owner) {}  // NOLINT: 0600

  mode_t mode;
  gid_t group;
};

// Writes a temporary file in the same folder and renames it to `path` (rename(2)): a reader sees
// either the old text or the new one. On failure the old file remains.
Result<void> replaceFile(const std::string& path, const std::string& text, Access access,
                         Durability durability = Durability::Cache);

// Changes who may use a file. NotFound: the file does not exist.
Result<void> setAccess(const std::string& path, Access access);

// Creates an empty file unless the file exists.
Result<void> touchFile(const std::string& path, mode_t mode);

// NotFound: the file does not exist.
Result<std::string> readFile(const std::string& path);

}  // namespace bgplb::io
