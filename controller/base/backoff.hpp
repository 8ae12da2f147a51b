#pragma once
// Exponential backoff: each delay is twice the one before, between two limits.

#include <algorithm>
#include <chrono>

namespace bgplb {

class Backoff {
 public:
  using Duration = std::chrono::milliseconds;

  constexpr Backoff(Duration first, Duration longest) : first_(first), longest_(longest) {}

  // How long to wait before the next attempt; the attempt after that waits twice as long.
  constexpr Duration next() {
    const Duration delay = failed() ? std::min(delay_ * 2, longest_) : first_;
    delay_ = delay;
    return delay;
  }
  // An attempt succeeded: the next failure waits the first delay again.
  constexpr void reset() { delay_ = Duration{0}; }
  constexpr bool failed() const { return delay_ > Duration{0}; }

 private:
  Duration first_;
  Duration longest_;
  Duration delay_{0};  // the last one returned
};

}  // namespace bgplb
