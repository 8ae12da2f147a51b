#include "http/unix_server.hpp"

#include "base/backoff.hpp"
#include "base/log.hpp"
#include "http/socket_deadline.hpp"
#include "io/spawn.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace asio = boost::asio;
namespace beast = boost::beast::http;

namespace bgplb::http {

namespace {

beast::response<beast::string_body> toBeast(Answer answer, bool keepAlive) {
  beast::response<beast::string_body> message(static_cast<beast::status>(answer.status), 11);
  message.set(beast::field::content_type, answer.contentType);
  if (!answer.allow.empty()) message.set(beast::field::allow, answer.allow);
  message.keep_alive(keepAlive);
  message.body() = std::move(answer.body);
  message.prepare_payload();
  return message;
}

Request fromBeast(beast::request<beast::string_body>& message) {
  const std::string target(message.target());
  const auto question = std::min(target.find('?'), target.size());
  return {std::string(message.method_string()), target.substr(0, question),
          target.substr(std::min(question + 1, target.size())), std::move(message.body())};
}

unsigned statusOf(const boost::system::error_code& error) {
  const bool tooLong = error == beast::error::body_limit || error == beast::error::header_limit;
  return tooLong ? 413 : 400;
}

// The client or the deadline closed the connection: not an error.
bool isEndOfConnection(const boost::system::error_code& error) {
  return error == beast::error::end_of_stream || error == asio::error::eof ||
         error == asio::error::operation_aborted || error == asio::error::bad_descriptor ||
         error == asio::error::connection_reset || error == asio::error::broken_pipe;
}

constexpr std::chrono::milliseconds kDeadSocketPatience{500};
constexpr std::chrono::milliseconds kDeadSocketPoll{20};

bool isListening(asio::io_context& io, const io::UnixEndpoint& endpoint) {
  io::UnixSocket probe(io);
  const auto error = io::connectAtOnce(probe, endpoint);
  return !error || error == asio::error::would_block;
}

// Removes a socket file that no process listens on.
Result<void> removeDeadSocket(asio::io_context& io, const io::UnixEndpoint& endpoint) {
  const std::string path = endpoint.path();
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) return {};  // bind(2) reports any error other than ENOENT
  if (!S_ISSOCK(info.st_mode)) return invalid(path + ": exists and is not a socket");
  // After a controller was killed, a child that it had just forked keeps the listening socket open
  // until the child's exec(3). Report another process only if it still listens after a while.
  const auto end = std::chrono::steady_clock::now() + kDeadSocketPatience;
  while (isListening(io, endpoint)) {
    if (std::chrono::steady_clock::now() >= end) {
      return invalid(path + ": another process listens there");
    }
    std::this_thread::sleep_for(kDeadSocketPoll);
  }
  if (unlink(path.c_str()) != 0 && errno != ENOENT) {
    return invalid(fmt::format("{}: cannot remove the socket of a dead process: {}", path,
                               std::strerror(errno)));
  }
  return {};
}

}  // namespace

struct UnixServer::State {
  State(asio::io_context& context, Handler onRequest, ErrorAnswer onError, ServerLimits bounds)
      : io(context),
        handler(std::move(onRequest)),
        errorAnswer(std::move(onError)),
        limits(bounds),
        acceptor(context),
        connectionEnded(context, asio::steady_timer::time_point::max()) {}

  static Task<> accept(std::shared_ptr<State> state);
  static Task<> serve(std::shared_ptr<State> state, io::UnixSocket socket);
  Task<> roomForOneMore();

  asio::io_context& io;
  Handler handler;
  ErrorAnswer errorAnswer;
  ServerLimits limits;
  asio::local::stream_protocol::acceptor acceptor;
  asio::steady_timer connectionEnded;  // cancelled at the end of a connection
  std::size_t connections = 0;
  std::string path;
};

UnixServer::UnixServer(asio::io_context& io, Handler handler, ErrorAnswer errorAnswer,
                       ServerLimits limits)
    : state_(std::make_shared<State>(io, std::move(handler), std::move(errorAnswer), limits)) {}

UnixServer::~UnixServer() { close(); }

Result<void> UnixServer::listen(const std::string& path) {
  const auto endpoint = io::unixEndpoint(path);
  if (!endpoint) return endpoint.error();
  if (const auto removed = removeDeadSocket(state_->io, *endpoint); !removed) {
    return removed.error();
  }
  auto& acceptor = state_->acceptor;
  const char* call = "open";
  boost::system::error_code error;
  acceptor.open(endpoint->protocol(), error);
  if (!error) {
    call = "bind";
    const mode_t mask = umask(0177);
    acceptor.bind(*endpoint, error);
    umask(mask);
  }
  if (!error) {
    call = "listen";
    acceptor.listen(asio::socket_base::max_listen_connections, error);
  }
  if (error) {
    boost::system::error_code ignored;
    acceptor.close(ignored);
    return invalid(fmt::format("socket {}: {}: {}", path, call, error.message()));
  }
  state_->path = path;
  io::spawn(state_->io.get_executor(), State::accept(state_), "HTTP server");
  return {};
}

void UnixServer::close() {
  boost::system::error_code ignored;
  state_->acceptor.close(ignored);
  state_->connectionEnded.cancel();
  if (!state_->path.empty()) unlink(state_->path.c_str());
  state_->path.clear();
}

Task<> UnixServer::State::roomForOneMore() {
  if (connections < limits.connections) co_return;
  log::warning("socket {}: {} connections are open; further ones wait", path, connections);
  while (acceptor.is_open() && connections >= limits.connections) {
    co_await connectionEnded.async_wait(asTuple);
  }
  log::info("resolved: socket {}: connections are accepted again", path);
}

Task<> UnixServer::State::accept(std::shared_ptr<State> state) {
  Backoff backoff(std::chrono::milliseconds(20), std::chrono::milliseconds(1000));
  asio::steady_timer pause(state->io);
  while (state->acceptor.is_open()) {
    co_await state->roomForOneMore();
    auto [error, socket] = co_await state->acceptor.async_accept(asTuple);
    if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) co_return;
    if (error) {  // no file descriptor or memory left
      if (!backoff.failed()) {
        log::warning("socket {}: cannot accept connections: {}; trying again", state->path,
                     error.message());
      }
      pause.expires_after(backoff.next());
      co_await pause.async_wait(asTuple);
      continue;
    }
    if (backoff.failed()) log::info("resolved: socket {}: accepts connections", state->path);
    backoff.reset();
    io::spawn(state->io.get_executor(), serve(state, std::move(socket)), "HTTP connection");
  }
}

Task<> UnixServer::State::serve(std::shared_ptr<State> state, io::UnixSocket socket) {
  ++state->connections;
  const auto atEnd = [](State* counted) {
    --counted->connections;
    counted->connectionEnded.cancel();
  };
  const std::unique_ptr<State, decltype(atEnd)> counted(state.get(), atEnd);
  const auto& limits = state->limits;
  SocketDeadline deadline(socket);
  boost::beast::flat_buffer buffer;
  deadline.expireAfter(limits.firstRequest);
  while (socket.is_open()) {
    if (buffer.size() == 0) {
      auto [waitError] = co_await socket.async_wait(io::UnixSocket::wait_read, asTuple);
      if (waitError) co_return;
    }
    deadline.expireAfter(limits.request);
    beast::request_parser<beast::string_body> parser;
    parser.body_limit(limits.bodyBytes);
    parser.header_limit(static_cast<std::uint32_t>(limits.headerBytes));
    auto [readError, readBytes] = co_await beast::async_read(socket, buffer, parser, asTuple);
    deadline.cancel();
    if (readError && isEndOfConnection(readError)) co_return;

    Answer answer;
    const bool keepAlive = !readError && parser.get().keep_alive();
    if (readError) {
      log::warning("socket {}: bad request: {}", state->path, readError.message());
      answer = state->errorAnswer(statusOf(readError), "bad request: " + readError.message());
    } else {
      auto request = fromBeast(parser.get());
      answer = co_await state->handler(std::move(request));
    }
    deadline.expireAfter(limits.answer, SocketDeadline::Awaited::Output);
    auto message = toBeast(std::move(answer), keepAlive);
    auto [writeError, written] = co_await beast::async_write(socket, message, asTuple);
    if (writeError || !keepAlive) co_return;
    deadline.cancel();
  }
}

}  // namespace bgplb::http
