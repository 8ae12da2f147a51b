#pragma once
// Writes the files that BIRD reads. Remembers the content on disk, the content that BIRD has
// confirmed, and restores the confirmed content when BIRD refuses a configuration. Publisher owns
// one.
//
// The file `bird.pending` is created before the first change and removed when BIRD has confirmed
// the change. If the file does not exist, the next controller knows that BIRD has read the files on
// disk.

#include "base/result.hpp"
#include "bird/run_paths.hpp"

#include <optional>
#include <string>

namespace bgplb::bird {

struct FileSet {
  std::string main;
  std::string vips4;
  std::string vips6;
  friend bool operator==(const FileSet&, const FileSet&) = default;
};

class ConfigFiles {
 public:
  explicit ConfigFiles(RunPaths paths);  // reads the files of the previous controller

  // Replaces the files that differ. After each step the files are a valid configuration.
  Result<void> write(const FileSet& wanted);
  // BIRD has read the files that were written last.
  void confirm();
  // BIRD refused the files: writes the last confirmed set again, if there is one.
  Result<void> restore();

  // The set that BIRD accepted last. A refusal does not change it.
  const std::optional<FileSet>& confirmed() const { return confirmed_; }
  // BIRD accepted `wanted`, and nothing has been written since.
  bool areConfirmed(const FileSet& wanted) const { return !pending_ && confirmed_ == wanted; }
  const FileSet& onDisk() const { return onDisk_; }

 private:
  Result<void> writeOne(const std::string& path, const std::string& text, std::string& known);

  RunPaths paths_;
  FileSet onDisk_;
  std::optional<FileSet> confirmed_;
  bool pending_ = false;
};

}  // namespace bgplb::bird
