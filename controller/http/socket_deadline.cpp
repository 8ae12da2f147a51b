#include "http/socket_deadline.hpp"

#include <poll.h>

namespace bgplb::http {

namespace {

// Time for the rest of a late message, which the peer may still be writing.
constexpr std::chrono::seconds kExtension{1};

bool isReady(io::UnixSocket& socket, short events) {
  pollfd descriptor{socket.native_handle(), events, 0};
  return ::poll(&descriptor, 1, 0) == 1 && (descriptor.revents & events) != 0;
}

}  // namespace

SocketDeadline::SocketDeadline(io::UnixSocket& socket)
    : socket_(socket), deadline_(socket.get_executor(), [this] { onExpiry(); }) {}

void SocketDeadline::expireAfter(std::chrono::milliseconds time, Awaited awaited) {
  awaited_ = awaited;
  extended_ = false;
  expired_ = false;
  deadline_.expireAfter(time);
}

void SocketDeadline::cancel() { deadline_.cancel(); }

// Extends the deadline only once, so that a peer that sends single bytes cannot prolong the
// operation without limit.
void SocketDeadline::onExpiry() {
  const short events = awaited_ == Awaited::Input ? POLLIN : POLLOUT;
  if (!extended_ && socket_.is_open() && isReady(socket_, events)) {
    extended_ = true;
    deadline_.expireAfter(kExtension);
    return;
  }
  expired_ = true;
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}  // namespace bgplb::http
