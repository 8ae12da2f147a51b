#pragma once
// Runs an event loop until a condition holds, with a deadline, so that tests need no fixed delays.

#include "support/slowdown.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>

namespace bgplb::test {

inline constexpr std::chrono::seconds kDeadline{10};

// Runs the event loop until `condition` holds. False: it did not hold before the deadline.
template <typename Condition>
bool runUntil(boost::asio::io_context& io, Condition condition,
              std::chrono::milliseconds deadline = kDeadline) {
  const auto end = std::chrono::steady_clock::now() + scaled(deadline);
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    if (io.stopped()) io.restart();
    io.run_one_for(std::chrono::milliseconds(10));
  }
  return true;
}

// Runs the handlers that are ready, without waiting.
inline void runReady(boost::asio::io_context& io) {
  if (io.stopped()) io.restart();
  io.poll();
}

}  // namespace bgplb::test
