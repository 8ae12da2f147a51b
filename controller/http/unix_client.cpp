#include "http/unix_client.hpp"

#include "base/backoff.hpp"
#include "http/socket_deadline.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace asio = boost::asio;
namespace beast = boost::beast::http;

namespace bgplb::http {

namespace {

constexpr std::size_t kReadBytes = 65536;

Error errorOf(const std::string& what, const boost::system::error_code& error,
              const SocketDeadline& deadline) {
  if (deadline.hasExpired()) return transient(what + ": no answer in time");
  const std::string text = fmt::format("{}: {}", what, error.message());
  const bool isHttp =
      error.category() == beast::make_error_code(beast::error::bad_version).category();
  const bool ended = error == beast::error::end_of_stream || error == beast::error::partial_message;
  return isHttp && !ended ? invalid(text) : unavailable(text);
}

beast::request<beast::string_body> requestOf(const std::string& method, const std::string& path,
                                             std::string body) {
  beast::request<beast::string_body> request;
  request.version(11);
  request.method_string(method);
  request.target(path);
  request.set(beast::field::host, "localhost");
  request.set(beast::field::user_agent, "bgplb");
  request.keep_alive(false);
  request.body() = std::move(body);
  request.prepare_payload();
  return request;
}

std::string lowerCase(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower;
}

Response fromBeast(beast::response<beast::string_body>& message) {
  Response response{message.result_int(), std::move(message.body()), {}};
  for (const auto& field : message) {
    response.headers[lowerCase(field.name_string())] = std::string(field.value());
  }
  return response;
}

// While the backlog of the listener is full, connecting fails: retry until the deadline closes the
// socket.
Task<boost::system::error_code> connect(io::UnixSocket& socket, const io::UnixEndpoint& endpoint) {
  Backoff backoff(std::chrono::milliseconds(1), std::chrono::milliseconds(50));
  asio::steady_timer pause(socket.get_executor());
  while (true) {
    auto error = io::connectAtOnce(socket, endpoint);
    if (error != asio::error::would_block) co_return error;
    pause.expires_after(backoff.next());
    co_await pause.async_wait(asTuple);
    if (!socket.is_open()) co_return asio::error::operation_aborted;
  }
}

}  // namespace

UnixClient::UnixClient(asio::io_context& io, std::string socketPath, std::size_t bodyLimit)
    : io_(io), socketPath_(std::move(socketPath)), bodyLimit_(bodyLimit) {}

Task<Result<Response>> UnixClient::request(std::string method, std::string path, std::string body,
                                           std::chrono::milliseconds time) {
  const auto endpoint = io::unixEndpoint(socketPath_);
  if (!endpoint) co_return endpoint.error();
  io::UnixSocket socket(io_);
  SocketDeadline deadline(socket);
  deadline.expireAfter(time);
  const auto connectError = co_await connect(socket, *endpoint);
  if (connectError) co_return errorOf(socketPath_, connectError, deadline);
  auto message = requestOf(method, path, std::move(body));
  auto [writeError, written] = co_await beast::async_write(socket, message, asTuple);
  // A server that rejects the request may reply and close before it has read the whole body.
  if (writeError && writeError != asio::error::broken_pipe) {
    co_return errorOf(path, writeError, deadline);
  }

  boost::beast::flat_buffer buffer;
  buffer.reserve(kReadBytes);
  beast::response_parser<beast::string_body> parser;
  parser.body_limit(bodyLimit_);
  auto [readError, got] = co_await beast::async_read(socket, buffer, parser, asTuple);
  if (readError) co_return errorOf(path, readError, deadline);
  co_return fromBeast(parser.get());
}

Task<Error> UnixClient::stream(std::string path, std::chrono::milliseconds time,
                               std::function<void(std::string_view)> onBytes) {
  const auto endpoint = io::unixEndpoint(socketPath_);
  if (!endpoint) co_return endpoint.error();
  io::UnixSocket socket(io_);
  SocketDeadline deadline(socket);
  deadline.expireAfter(time);
  const auto connectError = co_await connect(socket, *endpoint);
  if (connectError) co_return errorOf(socketPath_, connectError, deadline);
  auto message = requestOf("GET", path, {});
  auto [writeError, written] = co_await beast::async_write(socket, message, asTuple);
  if (writeError) co_return errorOf(path, writeError, deadline);

  boost::beast::flat_buffer buffer;
  buffer.reserve(kReadBytes);
  beast::response_parser<beast::buffer_body> parser;
  parser.body_limit(boost::none);
  parser.eager(true);  // parse all received events at once, not one chunk per read
  auto [headerError, gotHeader] =
      co_await beast::async_read_header(socket, buffer, parser, asTuple);
  if (headerError) co_return errorOf(path, headerError, deadline);
  deadline.cancel();
  if (parser.get().result_int() != 200) {
    co_return transient(fmt::format("{}: status {}", path, parser.get().result_int()));
  }
  onBytes({});

  std::array<char, 16384> chunk;
  while (!parser.is_done()) {
    parser.get().body().data = chunk.data();
    parser.get().body().size = chunk.size();
    auto [error, got] = co_await beast::async_read_some(socket, buffer, parser, asTuple);
    const std::size_t size = chunk.size() - parser.get().body().size;
    if (size > 0) onBytes({chunk.data(), size});
    if (error && error != beast::error::need_buffer) co_return errorOf(path, error, deadline);
  }
  co_return unavailable(path + ": the stream ended");
}

}  // namespace bgplb::http
