#pragma once
// An HTTP/1.1 client on a unix socket: one connection per request, each with a deadline and a limit
// for the body. Nothing here blocks or throws. Used for the Docker API (docker/) and the operator's
// API (cli/).

#include "base/result.hpp"
#include "http/message.hpp"
#include "io/task.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace bgplb::http {

class UnixClient {
 public:
  // Enough for the lists of a very large host.
  static constexpr std::size_t kBodyLimit = 256U << 20;

  UnixClient(boost::asio::io_context& io, std::string socketPath,
             std::size_t bodyLimit = kBodyLimit);

  // Returns the response with any status. Transient: no complete response within `deadline`.
  // Unavailable: no process listens at the socket, or the connection broke. Invalid: the path of
  // the socket is too long, or the response is not HTTP or exceeds the body limit.
  Task<Result<Response>> request(std::string method, std::string path, std::string body,
                                 std::chrono::milliseconds deadline);

  // GET of an endless response. Calls `onBytes` with an empty view when the response begins (with
  // status 200, within `deadline`), then with the pieces of the body. Returns when the stream ends,
  // with the reason: the errors of request(), or Transient for another status.
  Task<Error> stream(std::string path, std::chrono::milliseconds deadline,
                     std::function<void(std::string_view bytes)> onBytes);

  const std::string& socketPath() const { return socketPath_; }

 private:
  boost::asio::io_context& io_;
  std::string socketPath_;
  std::size_t bodyLimit_;
};

}  // namespace bgplb::http
