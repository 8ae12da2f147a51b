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

// Writes a temporary file in the same folder and renames it to `path` (rename(2)): a reader sees
// either the old text or the new one. On failure the old file remains. `mode`: as for open(2).
Result<void> replaceFile(const std::string& path, const std::string& text, mode_t mode,
                         Durability durability = Durability::Cache);

// Creates an empty file unless the file exists.
Result<void> touchFile(const std::string& path, mode_t mode);

// NotFound: the file does not exist.
Result<std::string> readFile(const std::string& path);

}  // namespace bgplb::io
