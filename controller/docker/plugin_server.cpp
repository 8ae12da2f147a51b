#include "docker/plugin_server.hpp"

#include "base/log.hpp"
#include "docker/plugin_codec.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace bgplb::docker {

namespace {

constexpr const char* kContentType = "application/vnd.docker.plugins.v1.2+json";
constexpr std::chrono::milliseconds kAcceptRetry{100};  // out of descriptors, for instance

// Closes the socket when time is up; whatever waits on it then fails.
class Deadline {
 public:
  Deadline(asio::io_context& io, asio::local::stream_protocol::socket& socket)
      : timer_(io), socket_(socket) {}
  ~Deadline() { timer_.cancel(); }

  void in(std::chrono::milliseconds time) {
    timer_.expires_after(time);
    timer_.async_wait([this](const boost::system::error_code& error) {
      boost::system::error_code ignored;
      if (!error) socket_.close(ignored);
    });
  }
  void never() { timer_.cancel(); }

 private:
  asio::steady_timer timer_;
  asio::local::stream_protocol::socket& socket_;
};

http::response<http::string_body> response(const HttpAnswer& answer, unsigned version,
                                           bool keepAlive) {
  http::response<http::string_body> message(static_cast<http::status>(answer.status), version);
  message.set(http::field::content_type, kContentType);
  message.keep_alive(keepAlive);
  message.body() = answer.body;
  message.prepare_payload();
  return message;
}

HttpAnswer protocolError(const boost::system::error_code& error) {
  const bool tooLong = error == http::error::body_limit || error == http::error::header_limit;
  return {tooLong ? 413U : 400U, renderError("the request is not one: " + error.message())};
}

// Not an error of the peer's: it has nothing more to say, or we closed on it.
bool isGoodbye(const boost::system::error_code& error) {
  return error == http::error::end_of_stream || error == asio::error::eof ||
         error == asio::error::operation_aborted || error == asio::error::bad_descriptor ||
         error == asio::error::connection_reset || error == asio::error::broken_pipe;
}

}  // namespace

PluginServer::PluginServer(asio::io_context& io, Handler handler, ServerLimits limits)
    : io_(io), handler_(std::move(handler)), limits_(limits), acceptor_(io) {}

Result<void> PluginServer::listen(const std::string& path) {
  const auto failed = [&path](const char* call, const boost::system::error_code& error) {
    return invalid(fmt::format("socket {}: {}: {}", path, call, error.message()));
  };
  asio::local::stream_protocol::endpoint endpoint;
  if (path.size() >= sizeof(sockaddr_un::sun_path)) return invalid(path + ": the path is too long");
  endpoint.path(path);
  boost::system::error_code error;
  Socket probe(io_);
  probe.connect(endpoint, error);
  if (!error) return invalid(path + ": somebody answers there already");
  unlink(path.c_str());
  acceptor_.open(endpoint.protocol(), error);
  if (error) return failed("open", error);
  const mode_t mask = umask(0177);
  acceptor_.bind(endpoint, error);
  umask(mask);
  if (error) return failed("bind", error);
  acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return failed("listen", error);
  path_ = path;
  asio::co_spawn(io_, accept(), asio::detached);
  return {};
}

void PluginServer::close() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  if (!path_.empty()) unlink(path_.c_str());
  path_.clear();
}

Task<> PluginServer::accept() {
  asio::steady_timer pause(io_);
  while (acceptor_.is_open()) {
    auto [error, socket] = co_await acceptor_.async_accept(asTuple);
    if (error == asio::error::operation_aborted) co_return;
    if (error) {
      log::warning("plugin socket: accept: {}, trying again", error.message());
      pause.expires_after(kAcceptRetry);
      co_await pause.async_wait(asTuple);
      continue;
    }
    asio::co_spawn(io_, serve(std::move(socket)), asio::detached);
  }
}

Task<> PluginServer::serve(Socket socket) {
  Deadline deadline(io_, socket);
  boost::beast::flat_buffer buffer;
  deadline.in(limits_.firstRequest);
  while (socket.is_open()) {
    if (buffer.size() == 0) {
      auto [waitError] = co_await socket.async_wait(Socket::wait_read, asTuple);
      if (waitError) co_return;
    }
    deadline.in(limits_.request);
    http::request_parser<http::string_body> parser;
    parser.body_limit(limits_.bodyBytes);
    parser.header_limit(static_cast<std::uint32_t>(limits_.headerBytes));
    auto [readError, readBytes] = co_await http::async_read(socket, buffer, parser, asTuple);
    if (readError && isGoodbye(readError)) co_return;

    HttpAnswer answer;
    const bool keepAlive = !readError && parser.get().keep_alive();
    if (readError) {
      log::warning("plugin socket: a bad request: {}", readError.message());
      answer = protocolError(readError);
    } else {
      auto& message = parser.get();
      HttpRequest request{std::string(message.method_string()), std::string(message.target()),
                          std::move(message.body())};
      deadline.never();
      answer = co_await handler_(std::move(request));
    }
    deadline.in(limits_.answer);
    auto message = response(answer, 11, keepAlive);
    auto [writeError, written] = co_await http::async_write(socket, message, asTuple);
    if (writeError || !keepAlive) co_return;
    deadline.never();  // dockerd keeps the connection for its next call
  }
}

}  // namespace bgplb::docker
