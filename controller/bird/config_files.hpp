#pragma once
// The files that BIRD reads, and what is known of them: what is on the disk, what BIRD has read,
// and what to restore when BIRD refuses a configuration.
//
// The file `bird.pending` exists from before the first change until BIRD has confirmed it. So the
// next controller knows whether equal bytes on the disk mean that BIRD has read them.

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
  explicit ConfigFiles(RunPaths paths);  // reads what a former run left

  // Replaces the files that differ. The configuration is readable between any two steps.
  Result<void> write(const FileSet& wanted);
  // BIRD has read what was written last.
  void confirm();
  // BIRD refused it: the last set it took is written again, if there is one.
  Result<void> restore();

  // What BIRD last took, which stays through a refusal.
  const std::optional<FileSet>& confirmed() const { return confirmed_; }
  // BIRD took `wanted`, and nothing has been written since.
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
