#include "docker/engine_client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace bgplb::docker {

namespace {

using Socket = asio::local::stream_protocol::socket;

constexpr std::size_t kAnswerBytes = 256U << 20;  // the network list of a very large host
constexpr std::size_t kLineBytes = 1U << 20;
constexpr std::size_t kReadBytes = 65536;
// The newest API whose answers this code was written against; older engines are asked in theirs.
constexpr unsigned kNewestMinor = 47;

// Closes the socket after the deadline, so that whatever waits on it fails.
struct Expiry {
  Expiry(asio::io_context& io, Socket& socket, std::chrono::milliseconds time) : timer(io) {
    timer.expires_after(time);
    timer.async_wait([&socket](const boost::system::error_code& error) {
      boost::system::error_code ignored;
      if (!error) socket.close(ignored);
    });
  }
  asio::steady_timer timer;
};

Error engineError(const char* what, const boost::system::error_code& error) {
  if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) {
    return transient(fmt::format("the engine: {}: timed out", what));
  }
  return unavailable(fmt::format("the engine: {}: {}", what, error.message()));
}

http::request<http::empty_body> requestFor(const std::string& method, const std::string& path) {
  http::request<http::empty_body> request(http::string_to_verb(method), path, 11);
  request.set(http::field::host, "docker");
  request.set(http::field::user_agent, "bgplb");
  if (method == "POST") request.content_length(0);
  return request;
}

// "1.45" -> 45; 0 if it is not an API version.
unsigned minorOf(std::string_view version) {
  unsigned minor = 0;
  if (!version.starts_with("1.")) return 0;
  std::from_chars(version.data() + 2, version.data() + version.size(), minor);
  return minor;
}

Error statusError(unsigned status, const std::string& path, const std::string& body) {
  const std::string text = fmt::format("the engine: {}: {} {}", path, status, body.substr(0, 200));
  if (status == 404) return notFound(text);
  if (status == 409) return conflict(text);
  return transient(text);
}

}  // namespace

EngineClient::EngineClient(asio::io_context& io, std::string socketPath)
    : io_(io), socketPath_(std::move(socketPath)) {}

std::string EngineClient::versioned(const std::string& path) const {
  return version_.empty() ? path : fmt::format("/v{}{}", version_, path);
}

Task<Result<std::string>> EngineClient::request(std::string method, std::string path,
                                                std::chrono::milliseconds deadline) {
  Socket socket(io_);
  const Expiry expiry(io_, socket, deadline);
  const asio::local::stream_protocol::endpoint endpoint(socketPath_);
  auto [connectError] = co_await socket.async_connect(endpoint, asTuple);
  if (connectError) co_return engineError(socketPath_.c_str(), connectError);
  auto message = requestFor(method, path);
  auto [writeError, written] = co_await http::async_write(socket, message, asTuple);
  if (writeError) co_return engineError(path.c_str(), writeError);

  boost::beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(kAnswerBytes);
  auto [readError, got] = co_await http::async_read(socket, buffer, parser, asTuple);
  if (readError) co_return engineError(path.c_str(), readError);
  auto& response = parser.get();
  if (const auto version = response.find("Api-Version");
      version != response.end() && path == "/_ping") {
    const unsigned minor = std::min(minorOf(version->value()), kNewestMinor);
    if (minor > 0) version_ = fmt::format("1.{}", minor);
  }
  if (response.result_int() / 100 != 2) {
    co_return statusError(response.result_int(), path, response.body());
  }
  co_return std::move(response.body());
}

Task<Result<void>> EngineClient::ping(std::chrono::milliseconds deadline) {
  const auto answer = co_await request("GET", "/_ping", deadline);
  if (!answer) co_return answer.error();
  co_return Result<void>{};
}

Task<Result<std::string>> EngineClient::get(std::string path) {
  co_return co_await request("GET", versioned(path), kCallDeadline);
}

Task<Error> EngineClient::follow(std::string filters, std::string since,
                                 std::function<void(std::string_view)> onLine) {
  Socket socket(io_);
  boost::beast::flat_buffer buffer;
  http::response_parser<http::buffer_body> parser;
  parser.body_limit(boost::none);
  // What has come is taken at once: of a burst of events as many as there are in one turn.
  parser.eager(true);
  buffer.reserve(kReadBytes);
  const std::string path = versioned(
      fmt::format("/events?filters={}&since={}", urlEncode(filters), urlEncode(since)));
  {
    const Expiry expiry(io_, socket, kCallDeadline);
    const asio::local::stream_protocol::endpoint endpoint(socketPath_);
    auto [connectError] = co_await socket.async_connect(endpoint, asTuple);
    if (connectError) co_return engineError(socketPath_.c_str(), connectError);
    auto message = requestFor("GET", path);
    auto [writeError, written] = co_await http::async_write(socket, message, asTuple);
    if (writeError) co_return engineError("/events", writeError);
    auto [headerError, got] = co_await http::async_read_header(socket, buffer, parser, asTuple);
    if (headerError) co_return engineError("/events", headerError);
  }
  if (parser.get().result_int() != 200) {
    co_return transient(fmt::format("the engine: /events: {}", parser.get().result_int()));
  }
  onLine({});  // the stream stands

  std::string pending;
  std::array<char, 16384> chunk;
  while (!parser.is_done()) {
    parser.get().body().data = chunk.data();
    parser.get().body().size = chunk.size();
    auto [error, got] = co_await http::async_read_some(socket, buffer, parser, asTuple);
    if (error && error != http::error::need_buffer) co_return engineError("/events", error);
    pending.append(chunk.data(), chunk.size() - parser.get().body().size);
    std::size_t begin = 0;
    for (auto end = pending.find('\n'); end != std::string::npos; end = pending.find('\n', begin)) {
      if (end > begin) onLine(std::string_view(pending).substr(begin, end - begin));
      begin = end + 1;
    }
    pending.erase(0, begin);
    if (pending.size() > kLineBytes) co_return transient("the engine: /events: a line without end");
  }
  co_return unavailable("the engine: /events: the stream ended");
}

void EngineClient::terminate(const ContainerId& id, std::function<void(Result<void>)> done) {
  asio::co_spawn(io_, sendTerminate(id, std::move(done)), asio::detached);
}

Task<> EngineClient::sendTerminate(ContainerId id, std::function<void(Result<void>)> done) {
  const std::string path = fmt::format("/containers/{}/kill?signal=SIGTERM", id.value);
  const auto answer = co_await request("POST", versioned(path), kCallDeadline);
  // NotFound and Conflict: there is nothing to stop any more.
  const bool over = answer || answer.error().kind == ErrorKind::NotFound ||
                    answer.error().kind == ErrorKind::Conflict;
  done(over ? Result<void>{} : Result<void>(answer.error()));
}

std::string urlEncode(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_';
    if (plain) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

}  // namespace bgplb::docker
