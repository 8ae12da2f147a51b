#pragma once
// The time when BGP sessions were last known to be up, in memory and in a file for the next
// controller. If that time is recent, peers may still hold our routes as stale routes (RFC 4724),
// and the next BIRD must be started with -R: without -R, BIRD sends End-of-RIB at once and the
// peers flush the stale routes. An unnecessary -R only delays BIRD's announcements. Supervisor owns
// the stamp, SessionPoll refreshes it.

#include "base/result.hpp"
#include "io/background_file.hpp"
#include "io/task.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace bgplb::bird {

// The file has one line: the version of the format, the kernel's boot id
// (/proc/sys/kernel/random/boot_id), seconds since boot (CLOCK_BOOTTIME):
//   1 0d9a63b4-... 86400
class LastUpStamp {
 public:
  // Reads the file once. `report` is called with the result of each write.
  LastUpStamp(boost::asio::any_io_executor executor, io::BackgroundFile::Options file,
              io::BackgroundFile::Report report);

  void refresh();  // at least one session is up now
  void clear();    // no session is up, or the sessions were closed intentionally
  // There is a stamp, set since the last boot. A reboot ends every container that received our
  // traffic, so an older stamp must not cause a recovery.
  bool isOfThisBoot() const { return lastUp_.has_value(); }
  // Set since the last boot, and less than `age` ago.
  bool isYoungerThan(std::chrono::seconds age) const;

  // Waits until the file has the latest stamp; false if it does not at the time `by`.
  Task<bool> saved(std::chrono::steady_clock::time_point by) { return file_.idle(by); }

 private:
  std::optional<std::int64_t> lastUp_;  // seconds since boot
  io::BackgroundFile file_;
};

}  // namespace bgplb::bird
