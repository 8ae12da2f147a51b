#pragma once
// Exponential backoff: each delay is twice the previous one, between two limits. Used by every
// component that retries.

#include <algorithm>
#include <chrono>

namespace bgplb {

class Backoff {
 public:
  using Duration = std::chrono::milliseconds;

  constexpr Backoff(Duration first, Duration longest) : first_(first), longest_(longest) {}

  // Returns the delay before the next attempt, and doubles the delay of the attempt after it.
  constexpr Duration next() {
    const Duration delay = failed() ? std::min(delay_ * 2, longest_) : first_;
    delay_ = delay;
    return delay;
  }
  // To be called after a success: the next delay is the first one again.
  constexpr void reset() { delay_ = Duration{0}; }
  constexpr bool failed() const { return delay_ > Duration{0}; }

 private:
  Duration first_;
  Duration longest_;
  Duration delay_{0};  // the delay that next() returned last; 0: none since reset()
};

}  // namespace bgplb
