#pragma once
// Unix stream sockets: endpoints and connecting, without exceptions and without blocking.

#include "base/result.hpp"

#include <boost/asio/local/stream_protocol.hpp>

#include <string>

namespace bgplb::io {

using UnixSocket = boost::asio::local::stream_protocol::socket;
using UnixEndpoint = boost::asio::local::stream_protocol::endpoint;

// Asio's constructor throws for a path that does not fit into sockaddr_un (107 bytes, unix(7)).
// Invalid for such a path and for an empty one.
Result<UnixEndpoint> unixEndpoint(const std::string& path);

// Opens `socket` and connects it. connect(2) on a unix socket succeeds or fails at once, except
// that it waits while the listener's backlog is full; then this function returns would_block
// (EAGAIN), the socket is open and the caller tries again later. Asio's async_connect reports
// success in that case.
boost::system::error_code connectAtOnce(UnixSocket& socket, const UnixEndpoint& endpoint);

}  // namespace bgplb::io
