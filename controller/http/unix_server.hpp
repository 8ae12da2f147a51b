#pragma once
// An HTTP/1.1 server on a unix socket: one coroutine per connection, on the single thread of the
// io_context. App owns it and serves dockerd's plugin calls and the operator's API with it.
//
// Clients keep idle connections for hours, and some connect without ever sending a request. A
// request that has begun must therefore arrive within a deadline, and its size and the number of
// connections are limited. No client can block another one, and memory use is bounded.

#include "base/result.hpp"
#include "http/message.hpp"
#include "io/task.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace bgplb::http {

struct ServerLimits {
  // dockerd lists every exposed port in CreateEndpoint and Join: `EXPOSE 1-65535` for TCP and UDP
  // makes 3.4 MB, and published ports take 100 bytes each.
  std::size_t bodyBytes = 32U << 20;
  std::size_t headerBytes = 16U << 10;
  // Further connections wait in the backlog of the listener until one of these ends.
  std::size_t connections = 512;
  std::chrono::milliseconds request{10'000};       // from the first byte of a request to its last
  std::chrono::milliseconds firstRequest{60'000};  // until a new connection sends its first byte
  std::chrono::milliseconds answer{10'000};        // until the client has received the answer
};

class UnixServer {
 public:
  using Handler = std::function<Task<Answer>(Request)>;
  // Builds the answer to a malformed request (status 400) or to one that exceeds the limits (413).
  using ErrorAnswer = std::function<Answer(unsigned status, const std::string& reason)>;

  UnixServer(boost::asio::io_context& io, Handler handler, ErrorAnswer errorAnswer,
             ServerLimits limits = {});
  ~UnixServer();
  UnixServer(const UnixServer&) = delete;
  UnixServer& operator=(const UnixServer&) = delete;

  // Binds `path` with mode 0600 and listens. Replaces a socket file that no process listens on.
  // Invalid: another process listens there, the path exists and is not a socket, or the socket
  // cannot be created.
  Result<void> listen(const std::string& path);
  // Stops accepting connections and removes the socket file. Open connections stay open.
  void close();

 private:
  struct State;  // shared with the coroutines, which may outlive the server
  std::shared_ptr<State> state_;
};

}  // namespace bgplb::http
