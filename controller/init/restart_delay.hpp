#pragma once
// The delay before PID 1 restarts the controller. Used by init.cpp. Pure, and header-only because
// PID 1 links no library.

#include "base/backoff.hpp"

#include <chrono>
#include <utility>

namespace bgplb::init {

// The first restart is immediate, because no route is withdrawn without a controller. The delay of
// further restarts starts at 50 ms and doubles each time up to 1 s, so that a controller that fails
// at start does not use up the host's CPU. A controller that ran for 5 s did not fail at start, and
// its restart is immediate again.
class RestartDelay {
 public:
  // `lived`: the time from the last start of the controller to its end.
  constexpr std::chrono::milliseconds next(std::chrono::steady_clock::duration lived) {
    if (lived >= kLongLife) {
      backoff_.reset();
      atOnce_ = true;
    }
    if (lived >= kLongLife) failedStart_.reset();
    return std::exchange(atOnce_, false) ? std::chrono::milliseconds{0} : backoff_.next();
  }
  // The controller could not start because of a condition that may last, and has logged it.
  constexpr std::chrono::milliseconds afterFailedStart() { return failedStart_.next(); }

 private:
  static constexpr std::chrono::seconds kLongLife{5};

  Backoff backoff_{std::chrono::milliseconds(50), std::chrono::seconds(1)};
  Backoff failedStart_{std::chrono::milliseconds(250), std::chrono::seconds(30)};
  bool atOnce_ = true;
};

}  // namespace bgplb::init
