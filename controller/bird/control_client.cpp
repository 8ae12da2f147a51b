#include "bird/control_client.hpp"

#include "base/log.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <array>

#include <sys/socket.h>
#include <sys/un.h>

namespace bgplb::bird {

namespace asio = boost::asio;
using Socket = asio::local::stream_protocol::socket;

// Shared with the timer's handler, which may be queued when the client is already gone.
struct ControlClient::Connection {
  explicit Connection(asio::io_context& context) : socket(context), timer(context) {}

  Socket socket;
  asio::steady_timer timer;
  ReplyParser parser;
  std::chrono::milliseconds deadline{0};
  bool expired = false;

  // Closing the socket is what ends the operation that takes too long.
  static void arm(const std::shared_ptr<Connection>& self, std::chrono::milliseconds deadline) {
    self->deadline = deadline;
    self->timer.expires_after(deadline);
    self->timer.async_wait(
        [weak = std::weak_ptr<Connection>(self)](const boost::system::error_code& error) {
          const auto connection = weak.lock();
          if (error || !connection) return;
          connection->expired = true;
          connection->close();
        });
  }
  void close() {
    boost::system::error_code ignored;  // there is nothing left to do about a failing close(2)
    socket.close(ignored);
  }
};

ControlClient::ControlClient(asio::io_context& context) : context_(context) {}
ControlClient::~ControlClient() { close(); }

void ControlClient::close() {
  if (!connection_) return;
  connection_->timer.cancel();
  connection_->close();
  connection_.reset();
}

bool ControlClient::isOpen() const { return connection_ && connection_->socket.is_open(); }

Error ControlClient::lost(const Connection& connection, const std::string& to) const {
  if (connection.expired) {
    return transient(
        fmt::format("BIRD did not answer {} within {} ms", to, connection.deadline.count()));
  }
  return unavailable(fmt::format("BIRD went away before it answered {}", to));
}

Task<Result<Reply>> ControlClient::reply(std::shared_ptr<Connection> connection, std::string to) {
  std::array<char, 16384> chunk;
  const auto buffer = asio::buffer(chunk);
  for (;;) {
    auto complete = connection->parser.next();
    for (const auto& news : connection->parser.takeNews()) log::debug("bird: {}", news);
    if (complete) {
      connection->timer.cancel();
      co_return std::move(*complete);
    }
    const auto [error, size] = co_await connection->socket.async_read_some(buffer, asTuple);
    if (error) {
      connection->timer.cancel();
      connection->close();
      co_return lost(*connection, to);
    }
    connection->parser.feed(std::string_view(chunk.data(), size));
  }
}

Task<Result<void>> ControlClient::connect(std::string path, std::chrono::milliseconds deadline) {
  close();
  listener_.reset();
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    co_return invalid(fmt::format("{}: too long for a socket (unix(7))", path));
  }
  const auto connection = std::make_shared<Connection>(context_);
  connection_ = connection;
  Connection::arm(connection, deadline);
  const asio::local::stream_protocol::endpoint endpoint(path);
  const auto [error] = co_await connection->socket.async_connect(endpoint, asTuple);
  if (error) {
    connection->timer.cancel();
    connection->close();
    co_return unavailable(fmt::format("{}: {}", path, error.message()));
  }
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(connection->socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
      peer.pid > 0) {
    listener_ = peer.pid;
  }
  const auto greeting = co_await reply(connection, "the connection");
  if (!greeting) co_return greeting.error();
  // "BIRD 2.17.5 ready."
  const auto& text = greeting->lastText();
  const auto begin = text.find(' ');
  version_ = begin == std::string::npos
                 ? text
                 : text.substr(begin + 1, text.find(' ', begin + 1) - begin - 1);
  co_return Result<void>{};
}

Task<Result<Reply>> ControlClient::command(std::string line, std::chrono::milliseconds deadline) {
  const auto connection = connection_;
  if (!connection || !connection->socket.is_open()) {
    co_return unavailable("there is no connection to BIRD");
  }
  Connection::arm(connection, deadline);
  const auto request = line + "\n";
  const auto buffer = asio::buffer(request);
  const auto [error, size] = co_await asio::async_write(connection->socket, buffer, asTuple);
  if (error) {
    connection->timer.cancel();
    connection->close();
    co_return lost(*connection, line);
  }
  co_return co_await reply(connection, line);
}

}  // namespace bgplb::bird
