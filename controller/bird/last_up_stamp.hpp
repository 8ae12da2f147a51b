#pragma once
// When BGP sessions were last known to be up: in memory, and in a file for the next controller.
// Peers may still hold our routes as stale ones (RFC 4724) if that is not long ago, and then the
// next BIRD is started with -R: started without it, BIRD sends End-of-RIB at once and the peers
// flush the stale routes. Started with -R without such peers, BIRD only announces late.

#include "base/result.hpp"
#include "io/background_file.hpp"
#include "io/task.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace bgplb::bird {

// One line: the format's version, the kernel's boot id (/proc/sys/kernel/random/boot_id), seconds
// since boot (CLOCK_BOOTTIME):
//   1 0d9a63b4-... 86400
class LastUpStamp {
 public:
  // Reads the file, once. `report` has the outcome of each later write.
  LastUpStamp(boost::asio::any_io_executor executor, io::BackgroundFile::Options file,
              io::BackgroundFile::Report report);

  void refresh();  // sessions are up now
  void clear();    // none is up, or they were closed on purpose
  // Set by a process of this boot. A reboot ends every container we forwarded to, so that an older
  // stamp must not cause a recovery.
  bool isOfThisBoot() const { return lastUp_.has_value(); }
  // Set by a process of this boot, less than `age` ago.
  bool isYoungerThan(std::chrono::seconds age) const;

  // Waits until the file has the latest stamp; false if that takes longer than until `by`.
  Task<bool> saved(std::chrono::steady_clock::time_point by) { return file_.idle(by); }

 private:
  std::optional<std::int64_t> lastUp_;  // seconds since boot
  io::BackgroundFile file_;
};

}  // namespace bgplb::bird
