#include "io/deadline.hpp"

#include <utility>

namespace bgplb::io {

struct Deadline::State {
  State(const boost::asio::any_io_executor& executor, std::function<void()> callback)
      : timer(executor), onExpiry(std::move(callback)) {}

  boost::asio::steady_timer timer;
  std::function<void()> onExpiry;
  std::uint64_t setting = 0;  // number of the current setting; handlers of earlier ones do nothing
  bool expired = false;
};

Deadline::Deadline(const boost::asio::any_io_executor& executor, std::function<void()> onExpiry)
    : state_(std::make_shared<State>(executor, std::move(onExpiry))) {}

Deadline::~Deadline() { cancel(); }

void Deadline::expireAfter(std::chrono::milliseconds time) { expireAt(Clock::now() + time); }

void Deadline::expireAt(Clock::time_point time) {
  cancel();
  state_->expired = false;
  state_->timer.expires_at(time);
  const std::weak_ptr<State> weak = state_;
  state_->timer.async_wait(
      [weak, setting = state_->setting](const boost::system::error_code& error) {
        const auto state = weak.lock();
        if (error || !state || state->setting != setting) return;
        state->expired = true;
        state->onExpiry();
      });
}

void Deadline::cancel() {
  ++state_->setting;
  state_->timer.cancel();
}

bool Deadline::hasExpired() const { return state_->expired; }

}  // namespace bgplb::io
