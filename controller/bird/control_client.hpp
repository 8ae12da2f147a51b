#pragma once
// A connection to BIRD's control socket. Daemon owns one; status_query opens another for each
// query. The caller must send one command at a time and wait for its reply: overlapping
// reconfigurations can abort BIRD 3.
//
// Errors: Unavailable, no BIRD listens or BIRD has closed the connection; Transient, BIRD has not
// replied within the timeout. Either error closes the connection.
//
// A timeout is two windows. BIRD has timed out when two consecutive windows end without a byte from
// BIRD; in a single one, BIRD may have lacked a CPU for a moment. A window does not count if its
// timer fired late: then this process, and perhaps BIRD as well, was stopped, blocked or without a
// CPU, and the reply may already be in the socket. While bytes arrive, a long reply may take longer
// than the timeout. kMaxWindows limits the total.

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

// Sends a command to the running BIRD, one at a time. An error: BIRD has ended or hangs.
using Command = std::function<Task<Result<Reply>>(std::string line)>;

class ControlClient {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr int kMaxWindows = 20;  // ten times the timeout

  explicit ControlClient(boost::asio::io_context& context);
  ~ControlClient();
  ControlClient(const ControlClient&) = delete;
  ControlClient& operator=(const ControlClient&) = delete;

  // Returns when BIRD has sent its greeting. The connection alone proves nothing: the kernel also
  // accepts it for a BIRD that still reads its configuration, or hangs. The greeting is sent by
  // BIRD's main loop.
  Task<Result<void>> connect(std::string path, std::chrono::milliseconds timeout);
  // A reply with an error code (8xxx, 9xxx) is a Reply, not an Error.
  Task<Result<Reply>> command(std::string line, std::chrono::milliseconds timeout);
  // No command, neither one in progress nor a later one, waits for its reply beyond `end`.
  void limitWaits(Clock::time_point end);
  void close();

  bool isOpen() const;
  // "2.17.5"; empty before the first greeting.
  const std::string& version() const { return version_; }
  // The pid of the listening process (SO_PEERCRED), known even if it sends no greeting.
  std::optional<pid_t> listener() const { return listener_; }
  std::optional<uid_t> listenerUser() const { return listenerUser_; }

 private:
  struct Connection;

  Task<Result<Reply>> reply(std::shared_ptr<Connection> connection, std::string to);

  boost::asio::io_context& context_;
  std::shared_ptr<Connection> connection_;
  std::optional<pid_t> listener_;
  std::optional<uid_t> listenerUser_;
  std::string version_;
  Clock::time_point end_ = Clock::time_point::max();
};

}  // namespace bgplb::bird
