#pragma once
// Tells PID 1 each second that the event loop runs (base/heartbeat.hpp). Does nothing if the
// program was not started by PID 1. Owned by what runs the event loop: App, and before it
// hold_instance.cpp.

#include "io/descriptor.hpp"
#include "io/task.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace bgplb::io {

class Heartbeat {
 public:
  // Duplicates the descriptor that the environment names. Must live until `io` is run no more.
  explicit Heartbeat(boost::asio::io_context& io);

  void start();
  // From now on the routes are this controller's decision.
  void setInCharge();

 private:
  Task<> run();
  void beat();

  boost::asio::io_context& io_;
  boost::asio::steady_timer timer_;
  Descriptor pipe_;
  bool inCharge_ = false;
};

}  // namespace bgplb::io
