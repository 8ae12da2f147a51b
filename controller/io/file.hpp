#pragma once
// Files that are replaced whole or not at all.

#include "base/result.hpp"

#include <string>

#include <sys/types.h>

namespace bgplb::io {

enum class Durability {
  Cache,   // survives the death of the program: enough on a tmpfs
  Synced,  // survives the death of the machine: fsync(2) of file and folder
};

// Writes a temporary file in the same folder and renames it over `path` (rename(2)): a reader sees
// the old text or the new one. On failure the old file stands. `mode` as for open(2).
Result<void> replaceFile(const std::string& path, const std::string& text, mode_t mode,
                         Durability durability = Durability::Cache);

// Makes an empty file unless there is one.
Result<void> touchFile(const std::string& path, mode_t mode);

// NotFound if there is no such file.
Result<std::string> readFile(const std::string& path);

}  // namespace bgplb::io
