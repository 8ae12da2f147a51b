#pragma once
// An HTTP/1.1 server on a unix socket: one coroutine per connection, on the io_context's one
// thread.
//
// Clients keep idle connections for hours, and some connect without ever sending a request. So a
// request that has begun must arrive within a deadline, its size is limited, and the number of
// connections is limited: no client can hold up another one, and memory stays bounded.

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
  // dockerd lists each exposed port in CreateEndpoint and Join: `EXPOSE 1-65535` for TCP and UDP
  // makes 3.4 MB, and published ports take 100 bytes each.
  std::size_t bodyBytes = 32U << 20;
  std::size_t headerBytes = 16U << 10;
  // Further connections wait in the listener's backlog until one of these ends.
  std::size_t connections = 512;
  std::chrono::milliseconds request{10'000};       // first byte to last
  std::chrono::milliseconds firstRequest{60'000};  // for a new connection to send its first byte
  std::chrono::milliseconds answer{10'000};        // for the client to take the answer
};

class UnixServer {
 public:
  using Handler = std::function<Task<Answer>(Request)>;
  // The answer to bytes that are no HTTP request, or one over the limits: 400 or 413 and the
  // reason.
  using ErrorAnswer = std::function<Answer(unsigned status, const std::string& reason)>;

  UnixServer(boost::asio::io_context& io, Handler handler, ErrorAnswer errorAnswer,
             ServerLimits limits = {});
  ~UnixServer();
  UnixServer(const UnixServer&) = delete;
  UnixServer& operator=(const UnixServer&) = delete;

  // Binds `path` with mode 0600 and listens. A socket file that a dead process left is replaced.
  // Invalid if another process accepts connections there, if another kind of file is there, or if
  // the socket cannot be made.
  Result<void> listen(const std::string& path);
  // Accepts no further connection and removes the socket file; open connections go on.
  void close();

 private:
  struct State;  // shared with the coroutines, which may outlive the server
  std::shared_ptr<State> state_;
};

}  // namespace bgplb::http
