#include "bird/control_client.hpp"

#include "base/log.hpp"
#include "io/deadline.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include <sys/socket.h>
#include <sys/un.h>

namespace bgplb::bird {

namespace asio = boost::asio;
using Socket = asio::local::stream_protocol::socket;

struct ControlClient::Connection {
  explicit Connection(asio::io_context& context)
      : socket(context), window(context.get_executor(), [this] { onWindowEnd(); }) {}

  // Begins to wait for a reply.
  void begin(std::chrono::milliseconds wanted, Clock::time_point end) {
    timeout = wanted;
    limit = end;
    windows = 0;
    missed = 0;
    progressed = false;
    awaiting = true;
    openWindow();
  }
  void finish() {
    awaiting = false;
    window.cancel();
  }
  void limitWaits(Clock::time_point end) {
    limit = end;
    if (awaiting && windowEnd > end) openWindow();
  }

  void openWindow() {
    windowEnd = std::min<Clock::time_point>(Clock::now() + timeout / kMisses, limit);
    window.expireAt(windowEnd);
  }
  void onWindowEnd() {
    const auto now = Clock::now();
    boost::system::error_code ignored;
    const bool alive = std::exchange(progressed, false) || socket.available(ignored) > 0;
    const bool late = now - windowEnd > timeout / kMisses / 2;
    if (alive) missed = 0;
    if (!alive && !late) ++missed;
    ++windows;
    if (missed < kMisses && windows < kMaxWindows && now < limit) return openWindow();
    expired = true;
    close();  // ends the pending read or write with an error
  }
  void close() {
    boost::system::error_code ignored;  // a failed close(2) needs no handling
    socket.close(ignored);
  }
  Error lost(const std::string& to) const {
    if (expired) {
      return transient(fmt::format("BIRD did not reply to {} within {} ms", to, timeout.count()));
    }
    return unavailable(fmt::format("BIRD closed the connection before it replied to {}", to));
  }

  static constexpr int kMisses = 2;  // in a row

  Socket socket;
  io::Deadline window;
  Clock::time_point windowEnd;
  Clock::time_point limit;
  std::chrono::milliseconds timeout{0};
  int windows = 0;          // since begin()
  int missed = 0;           // in a row
  bool progressed = false;  // bytes arrived in this window
  bool awaiting = false;
  bool expired = false;
  ReplyParser parser;
};

ControlClient::ControlClient(asio::io_context& context) : context_(context) {}
ControlClient::~ControlClient() { close(); }

void ControlClient::limitWaits(Clock::time_point end) {
  end_ = end;
  if (connection_) connection_->limitWaits(end);
}

void ControlClient::close() {
  if (!connection_) return;
  connection_->finish();
  connection_->close();
  connection_.reset();
}

bool ControlClient::isOpen() const { return connection_ && connection_->socket.is_open(); }

Task<Result<Reply>> ControlClient::reply(std::shared_ptr<Connection> connection, std::string to) {
  std::array<char, 16384> chunk;
  const auto buffer = asio::buffer(chunk);
  for (;;) {
    auto complete = connection->parser.next();
    for (const auto& text : connection->parser.takeNews()) log::debug("bird: {}", text);
    if (complete) {
      connection->finish();
      co_return std::move(*complete);
    }
    const auto [error, size] = co_await connection->socket.async_read_some(buffer, asTuple);
    if (error) {
      connection->finish();
      connection->close();
      co_return connection->lost(to);
    }
    connection->progressed = true;
    connection->parser.feed(std::string_view(chunk.data(), size));
  }
}

Task<Result<void>> ControlClient::connect(std::string path, std::chrono::milliseconds timeout) {
  close();
  listener_.reset();
  listenerUser_.reset();
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    co_return invalid(fmt::format("{}: too long for a socket (unix(7))", path));
  }
  const auto connection = std::make_shared<Connection>(context_);
  connection_ = connection;
  connection->begin(timeout, end_);
  const asio::local::stream_protocol::endpoint endpoint(path);
  const auto [error] = co_await connection->socket.async_connect(endpoint, asTuple);
  if (error) {
    connection->finish();
    connection->close();
    co_return unavailable(fmt::format("{}: {}", path, error.message()));
  }
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(connection->socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
      peer.pid > 0) {
    listener_ = peer.pid;
    listenerUser_ = peer.uid;
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

Task<Result<Reply>> ControlClient::command(std::string line, std::chrono::milliseconds timeout) {
  const auto connection = connection_;
  if (!connection || !connection->socket.is_open()) {
    co_return unavailable("there is no connection to BIRD");
  }
  connection->begin(timeout, end_);
  const auto request = line + "\n";
  const auto buffer = asio::buffer(request);
  const auto [error, size] = co_await asio::async_write(connection->socket, buffer, asTuple);
  if (error) {
    connection->finish();
    connection->close();
    co_return connection->lost(line);
  }
  co_return co_await reply(connection, line);
}

}  // namespace bgplb::bird
