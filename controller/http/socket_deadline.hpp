#pragma once
// A time limit for reading from or writing to a socket: when it expires, the socket is closed and
// the operation in progress fails. Used by UnixClient and UnixServer.
//
// If the process did not run for a while (SIGSTOP, a paused virtual machine, a busy loop), it finds
// the expired deadline and the data that arrived in time at once. A socket that is ready at the
// deadline is therefore read or written for one more second before it is closed.

#include "io/deadline.hpp"
#include "io/unix_socket.hpp"

#include <chrono>

namespace bgplb::http {

class SocketDeadline {
 public:
  enum class Awaited { Input, Output };

  // `socket` outlives this object.
  explicit SocketDeadline(io::UnixSocket& socket);

  // Replaces a deadline that was set before. `awaited`: what the operation waits for.
  void expireAfter(std::chrono::milliseconds time, Awaited awaited = Awaited::Input);
  void cancel();
  // The latest deadline has expired, and the socket was closed.
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
