#pragma once
// An HTTP/1.1 client on a unix socket: one connection for each request, each with a deadline and a
// limit for the body. Nothing here blocks or throws.

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
  static constexpr std::size_t kBodyLimit = 256U << 20;  // the lists of a very large host

  UnixClient(boost::asio::io_context& io, std::string socketPath,
             std::size_t bodyLimit = kBodyLimit);

  // The answer, whatever its status. Transient: no complete answer within `deadline`. Unavailable:
  // no process listens at the socket, or the connection broke. Invalid: the path does not fit, or
  // the answer is no HTTP or is over the limit.
  Task<Result<Response>> request(std::string method, std::string path, std::string body,
                                 std::chrono::milliseconds deadline);

  // GET of an answer that goes on. `onBytes` gets an empty view when the answer begins (with status
  // 200, within `deadline`), and then the body in pieces. Returns when the stream ends, with the
  // reason; the errors are those of request().
  Task<Error> stream(std::string path, std::chrono::milliseconds deadline,
                     std::function<void(std::string_view bytes)> onBytes);

  const std::string& socketPath() const { return socketPath_; }

 private:
  boost::asio::io_context& io_;
  std::string socketPath_;
  std::size_t bodyLimit_;
};

}  // namespace bgplb::http
