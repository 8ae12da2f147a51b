#pragma once
// Waiting in tests: for a condition, with a deadline, never for a time.

#include <boost/asio/io_context.hpp>

#include <chrono>

namespace bgplb::test {

inline constexpr std::chrono::seconds kDeadline{10};

// Runs the event loop until `condition` holds. False: it did not within the deadline.
template <typename Condition>
bool runUntil(boost::asio::io_context& io, Condition condition,
              std::chrono::milliseconds deadline = kDeadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    if (io.stopped()) io.restart();
    io.run_one_for(std::chrono::milliseconds(10));
  }
  return true;
}

// Runs what is ready, without waiting.
inline void runReady(boost::asio::io_context& io) {
  if (io.stopped()) io.restart();
  io.poll();
}

}  // namespace bgplb::test
