#pragma once
// How long PID 1 waits before it starts the controller again. Pure, and headers only, like all that
// PID 1 uses.

#include "base/backoff.hpp"

#include <chrono>
#include <utility>

namespace bgplb::init {

// The first restart comes at once: without a controller nothing is withdrawn. Further ones wait 50
// ms and then twice as long each time, 1 s at most: a controller that dies at its start must not
// use up the host. One that lived for 5 s did not die of its start.
class RestartDelay {
 public:
  // `lived`: from the last start to the death.
  constexpr std::chrono::milliseconds next(std::chrono::steady_clock::duration lived) {
    if (lived >= kLongLife) {
      backoff_.reset();
      atOnce_ = true;
    }
    return std::exchange(atOnce_, false) ? std::chrono::milliseconds{0} : backoff_.next();
  }

 private:
  static constexpr std::chrono::seconds kLongLife{5};

  Backoff backoff_{std::chrono::milliseconds(50), std::chrono::seconds(1)};
  bool atOnce_ = true;
};

}  // namespace bgplb::init
