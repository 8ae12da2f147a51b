#pragma once
// When the kernel's state may be dumped again. A dump costs milliseconds for each thousand objects,
// and a host on which notifications are lost again and again would dump without end. Pure.

#include "base/backoff.hpp"

#include <algorithm>
#include <chrono>

namespace bgplb::netlink {

class RefreshPacer {
 public:
  using Clock = std::chrono::steady_clock;

  // A dump made at this time or later keeps the pace; the first one may be made at once.
  Clock::time_point notBefore() const { return notBefore_; }

  // At most a tenth of the time is spent on dumps, and at least 250 ms pass between two of them;
  // twice as long after each one that failed, 5 s at most.
  void finished(Clock::time_point began, Clock::time_point ended, bool succeeded) {
    Clock::duration pause = kShortestPause;
    if (succeeded) {
      backoff_.reset();
    } else {
      pause = backoff_.next();
    }
    notBefore_ = ended + std::max(pause, (ended - began) * kPauseShare);
  }

 private:
  static constexpr std::chrono::milliseconds kShortestPause{250};
  static constexpr std::chrono::milliseconds kLongestPause{5000};
  static constexpr int kPauseShare = 9;

  Backoff backoff_{kShortestPause, kLongestPause};
  Clock::time_point notBefore_ = Clock::time_point::min();
};

}  // namespace bgplb::netlink
