#pragma once
// Waits for a condition that another thread or process makes true, with a deadline.

#include "support/slowdown.hpp"

#include <chrono>
#include <thread>

namespace bgplb::test {

// Checks `condition` every 2 ms. False: it did not become true before the deadline.
template <typename Condition>
bool eventually(Condition condition,
                std::chrono::milliseconds deadline = std::chrono::seconds(10)) {
  constexpr std::chrono::milliseconds kInterval{2};
  const auto end = std::chrono::steady_clock::now() + scaled(deadline);
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(kInterval);
  }
  return true;
}

}  // namespace bgplb::test
