#pragma once
// The file that says when BGP sessions were last known to be up. After an unexpected death it
// decides whether the next BIRD is started to recover (-R, RFC 4724): its peers still hold our
// routes then, and are to keep them. Started so without such peers, BIRD only announces late;
// started without -R while they hold them, it makes them drop all at once.

#include "base/result.hpp"

#include <chrono>
#include <string>

namespace bgplb::bird {

// One line: its version, the kernel's boot id (/proc/sys/kernel/random/boot_id), seconds since boot:
//   1 0d9a63b4-... 86400
class RecoveryMark {
 public:
  explicit RecoveryMark(std::string path) : path_(std::move(path)) {}

  Result<void> refresh();  // sessions are up now
  void clear();            // none is, or they were closed on purpose
  bool isOfThisBoot() const;
  // Set, by a process of this boot, less than `age` ago. After a reboot nothing that we forwarded
  // to is there any more, and recovery would be a lie.
  bool isYoungerThan(std::chrono::seconds age) const;

 private:
  std::string path_;
};

}  // namespace bgplb::bird
