#pragma once
// The plugin's unix socket: HTTP/1.1, a coroutine per connection. dockerd keeps idle connections for
// hours and probes with connections that send nothing; a request once begun must arrive within a
// deadline, and its body is limited, so that nobody is held up and nothing grows.

#include "base/result.hpp"
#include "io/task.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <chrono>
#include <functional>
#include <string>

namespace bgplb::docker {

struct HttpRequest {
  std::string method;
  std::string path;
  std::string body;
};

struct HttpAnswer {
  unsigned status = 200;
  std::string body;  // JSON
};

struct ServerLimits {
  std::size_t bodyBytes = 1U << 20;
  std::size_t headerBytes = 16U << 10;
  std::chrono::milliseconds request{10'000};     // first byte to last
  std::chrono::milliseconds firstRequest{60'000};  // a connection that has sent nothing yet
  std::chrono::milliseconds answer{10'000};      // for the peer to take the answer
};

class PluginServer {
 public:
  using Handler = std::function<Task<HttpAnswer>(HttpRequest)>;

  PluginServer(boost::asio::io_context& io, Handler handler, ServerLimits limits = {});

  // Removes what a dead process left at `path`, binds, listens; only root may connect. Invalid if
  // somebody answers there.
  Result<void> listen(const std::string& path);
  void close();

 private:
  using Socket = boost::asio::local::stream_protocol::socket;

  Task<> accept();
  Task<> serve(Socket socket);

  boost::asio::io_context& io_;
  Handler handler_;
  ServerLimits limits_;
  boost::asio::local::stream_protocol::acceptor acceptor_;
  std::string path_;
};

}  // namespace bgplb::docker
