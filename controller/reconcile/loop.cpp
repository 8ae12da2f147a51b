#include "reconcile/loop.hpp"

#include <boost/asio/post.hpp>

namespace bgplb::reconcile {

Loop::Loop(boost::asio::io_context& io, Reconciler& reconciler)
    : io_(io), reconciler_(reconciler), timer_(io) {
  reconciler_.onWake([this] { wake(); });
}

void Loop::wake() {
  if (std::exchange(posted_, true)) return;
  boost::asio::post(io_, [this] { step(); });
}

Result<void> Loop::settle(const NetworkId& id) {
  auto outcome = reconciler_.settle(id, std::chrono::steady_clock::now());
  wake();  // to set the timer, and for the networks that this step made dirty
  return outcome;
}

void Loop::step() {
  posted_ = false;
  const auto due = reconciler_.step(std::chrono::steady_clock::now());
  if (onStep_) onStep_();
  arm(due);
}

void Loop::arm(std::optional<core::TimePoint> due) {
  timer_.cancel();
  if (!due) return;
  if (*due == core::TimePoint::min()) {
    wake();
    return;
  }
  timer_.expires_at(*due);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) wake();
  });
}

}  // namespace bgplb::reconcile
