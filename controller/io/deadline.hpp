#pragma once
// A time limit for an operation: when it expires, a callback ends the operation, typically by
// closing its socket. Used by io/ and http/.
//
// Asio may queue the handler of an expired timer before the operation completes and run the handler
// afterwards, even if the timer was cancelled or destroyed meanwhile. The handler therefore holds
// only a weak pointer and checks the setting: after the Deadline was destroyed, cancelled or set
// again, the callback does not run.

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

  // `onExpiry` runs on the executor's thread, at most once for each call of expireAfter() or
  // expireAt().
  Deadline(const boost::asio::any_io_executor& executor, std::function<void()> onExpiry);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  // Both replace a deadline that was set before.
  void expireAfter(std::chrono::milliseconds time);
  void expireAt(Clock::time_point time);
  void cancel();
  // The latest deadline has expired, and the callback was called.
  bool hasExpired() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace bgplb::io
