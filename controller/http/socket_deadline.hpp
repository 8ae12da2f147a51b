#pragma once
// A time limit for reading from or writing to a socket: when it passes, the socket is closed and
// the operation under way fails.
//
// A late answer counts. When the process was stopped (SIGSTOP, a paused virtual machine, a busy
// loop), the deadline and the answer are found together; the bytes that wait in the socket are then
// read or written before the socket is closed.

#include "io/deadline.hpp"
#include "io/unix_socket.hpp"

#include <chrono>

namespace bgplb::http {

class SocketDeadline {
 public:
  enum class Awaited { Input, Output };

  // `socket` outlives this object.
  explicit SocketDeadline(io::UnixSocket& socket);

  // Replaces a deadline that was set before.
  void expireAfter(std::chrono::milliseconds time, Awaited awaited = Awaited::Input);
  void cancel();
  // The deadline that was set last has passed and the socket has been closed.
  bool hasExpired() const { return expired_; }

 private:
  void onExpiry();

  io::UnixSocket& socket_;
  Awaited awaited_ = Awaited::Input;
  bool extended_ = false;
  bool expired_ = false;
  io::Deadline deadline_;
};

}  // namespace bgplb::http
