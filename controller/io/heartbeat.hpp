#pragma once
// Reports to PID 1 each second that the event loop runs (base/heartbeat.hpp). Does nothing if the
// program was not started by PID 1. Owned by App, and before it by hold_instance.cpp.

#include "io/descriptor.hpp"
#include "io/task.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace bgplb::io {

class Heartbeat {
 public:
  // Duplicates the descriptor that the environment names. Must outlive the last run of `io`.
  explicit Heartbeat(boost::asio::io_context& io);

  void start();
  // From now on this controller decides which VIPs are announced.
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
