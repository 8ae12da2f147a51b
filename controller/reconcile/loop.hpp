#pragma once
// Runs the reconciler's steps on the event loop. wake() coalesces: one step follows, however many
// changes one turn of the event loop brings. A timer starts the next step at the time that the last
// step returned. Owned by App; the adapters and the plugin API call wake() and settle().

#include "reconcile/reconciler.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace bgplb::reconcile {

class Loop {
 public:
  Loop(boost::asio::io_context& io, Reconciler& reconciler);

  Reconciler& reconciler() { return reconciler_; }
  void wake();
  void onStep(std::function<void()> callback) { onStep_ = std::move(callback); }  // after each step
  // For a plugin handler: runs the step now and returns the error of this network.
  Result<void> settle(const NetworkId& id);

 private:
  void step();
  void arm(std::optional<core::TimePoint> due);

  boost::asio::io_context& io_;
  Reconciler& reconciler_;
  boost::asio::steady_timer timer_;
  std::function<void()> onStep_;
  bool posted_ = false;
};

}  // namespace bgplb::reconcile
