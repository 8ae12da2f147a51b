#pragma once
// Endpoints and connections of unix stream sockets. Nothing here throws or blocks. Used by http/
// and bird/.

#include "base/result.hpp"

#include <boost/asio/local/stream_protocol.hpp>

#include <string>

namespace bgplb::io {

using UnixSocket = boost::asio::local::stream_protocol::socket;
using UnixEndpoint = boost::asio::local::stream_protocol::endpoint;

// Invalid: the path is empty or does not fit into sockaddr_un (107 bytes, unix(7)). The constructor
// of Asio throws for such a path.
Result<UnixEndpoint> unixEndpoint(const std::string& path);

// Opens `socket` and connects it. connect(2) on a unix socket succeeds or fails at once, unless the
// backlog of the listener is full. In that case this function returns would_block (EAGAIN), the
// socket stays open, and the caller must retry later. async_connect() of Asio wrongly reports
// success in that case.
boost::system::error_code connectAtOnce(UnixSocket& socket, const UnixEndpoint& endpoint);

}  // namespace bgplb::io
