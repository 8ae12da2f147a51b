#pragma once
// Drives the reconciler: wakes are coalesced (however many changes one turn of the event loop
// brings, one step follows), and a timer brings it back when something is due.

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
  // For a plugin handler: takes the step now and returns what failed for this network.
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
