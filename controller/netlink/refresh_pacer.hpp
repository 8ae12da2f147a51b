#pragma once
// Limits the rate of complete dumps of the kernel's state. A dump takes milliseconds per thousand
// objects; on a host that loses notifications repeatedly, dumps would otherwise follow each other
// without a pause. Pure. Owned by KernelMirror.

#include "base/backoff.hpp"

#include <algorithm>
#include <chrono>

namespace bgplb::netlink {

class RefreshPacer {
 public:
  using Clock = std::chrono::steady_clock;

  // The earliest time of the next dump. The first dump may begin immediately.
  Clock::time_point notBefore() const { return notBefore_; }

  // Pauses nine times the duration of the dump, so that dumps take at most a tenth of the time, and
  // at least 250 ms. From the second failure in a row on, that minimum doubles each time, up to 5
  // s.
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
