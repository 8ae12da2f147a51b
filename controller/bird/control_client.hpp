#pragma once
// A connection to BIRD's control socket. One command at a time: that rule alone keeps clear of
// every abort of BIRD 3's configuration queue, so the caller must not start a second one before the
// first has returned.
//
// The error's kind says what went wrong: Unavailable, no BIRD is at the other end (any more);
// Transient, one is and has timed out. After either the connection is closed.
//
// How long a reply may take. A timeout is two windows. BIRD timed out when two windows in a row end
// without a byte from it; in one, BIRD may have been off the CPU for a moment. A window does not
// count if its timer fired late: this program, and perhaps BIRD with it, was stopped, blocked or
// without a CPU, and the reply may be in the socket. A long reply, which takes several reads, may
// take longer as long as bytes arrive. All of this ends after kMaxWindows.

#include "base/result.hpp"
#include "bird/control_codec.hpp"
#include "io/task.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <sys/types.h>

namespace bgplb::bird {

// Sends a command to the BIRD that runs, one at a time. An error: BIRD has gone, or it hung.
using Command = std::function<Task<Result<Reply>>(std::string line)>;

class ControlClient {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr int kMaxWindows = 20;  // ten times the timeout

  explicit ControlClient(boost::asio::io_context& context);
  ~ControlClient();
  ControlClient(const ControlClient&) = delete;
  ControlClient& operator=(const ControlClient&) = delete;

  // Returns when BIRD has greeted. The kernel accepts a connection to a BIRD that still reads its
  // configuration, or hangs; the greeting comes from its main loop and is the proof of life.
  Task<Result<void>> connect(std::string path, std::chrono::milliseconds timeout);
  // An error reply (8xxx, 9xxx) is a reply.
  Task<Result<Reply>> command(std::string line, std::chrono::milliseconds timeout);
  // No reply is awaited beyond `end`: neither the one under way nor a later one.
  void limitWaits(Clock::time_point end);
  void close();

  bool isOpen() const;
  // "2.17.5"; empty before the first greeting.
  const std::string& version() const { return version_; }
  // The process that listens at the other end (SO_PEERCRED); also of one that does not greet.
  std::optional<pid_t> listener() const { return listener_; }

 private:
  struct Connection;

  Task<Result<Reply>> reply(std::shared_ptr<Connection> connection, std::string to);

  boost::asio::io_context& context_;
  std::shared_ptr<Connection> connection_;
  std::optional<pid_t> listener_;
  std::string version_;
  Clock::time_point end_ = Clock::time_point::max();
};

}  // namespace bgplb::bird
