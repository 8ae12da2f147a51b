#pragma once
// A time limit for an operation: when it passes, a callback ends the operation, typically by closing
// its socket.
//
// Asio may queue the handler of an expired timer before the operation completes and run it
// afterwards, even if the timer was cancelled or destroyed meanwhile. So the handler only holds a
// weak pointer: once the Deadline is destroyed, cancelled or set anew, the callback never runs.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

namespace bgplb::io {

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  // `onExpiry` runs at most once for each deadline that is set, on the executor's thread.
  Deadline(boost::asio::any_io_executor executor, std::function<void()> onExpiry);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  // Replaces a deadline that was set before.
  void expireAfter(std::chrono::milliseconds time);
  void expireAt(Clock::time_point time);
  void cancel();
  // The deadline that was set last has passed and the callback has run.
  bool hasExpired() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace bgplb::io
