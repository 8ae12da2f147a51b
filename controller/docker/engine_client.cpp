#include "docker/engine_client.hpp"

#include "base/log.hpp"
#include "base/parse.hpp"
#include "base/printable.hpp"
#include "core/signals.hpp"
#include "http/lines.hpp"
#include "io/spawn.hpp"
#include "json/read.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bgplb::docker {

namespace {

constexpr const char* kWho = "Docker API";
constexpr const char* kStopped = "Docker API: dockerd has stopped";
// An event contains all labels of the container, and those of its image.
constexpr std::size_t kEventBytes = 16U << 20;
constexpr std::size_t kQuotedBytes = 200;  // of the body of an error reply
// The newest API version that this code was written for. With an older dockerd, the client uses
// the version of dockerd. A dockerd whose oldest version is newer gets its oldest version.
constexpr unsigned kNewestMinor = 47;

// "1.45" -> 45; 0 if it is not an API version.
unsigned minorOf(std::string_view version) {
  if (!version.starts_with("1.")) return 0;
  return parseWhole<unsigned>(version.substr(2)).value_or(0);
}

Error statusError(const http::Response& response, const std::string& path) {
  const std::string text = fmt::format("{}: {}: {} {}", kWho, path, response.status,
                                       printable(response.body.substr(0, kQuotedBytes)));
  if (response.status == 404) return notFound(text);
  if (response.status == 409) return conflict(text);
  return transient(text);
}

}  // namespace

EngineClient::EngineClient(boost::asio::io_context& io, std::string socketPath)
    : io_(io), client_(io, socketPath), gate_(io, std::move(socketPath)) {}

std::string EngineClient::versioned(const std::string& path) const {
  return version_.empty() ? path : fmt::format("/v{}{}", version_, path);
}

Task<Result<std::string>> EngineClient::request(std::string method, std::string path,
                                                std::chrono::milliseconds deadline) {
  if (!gate_.mayConnect()) co_return unavailable(kStopped);
  std::string noBody;
  auto response = co_await client_.request(std::move(method), path, std::move(noBody), deadline);
  if (!response) co_return response.error().within(kWho);
  if (path == "/_ping") newest_ = minorOf(response->header("api-version"));
  if (response->status / 100 != 2) co_return statusError(*response, path);
  co_return std::move(response->body);
}

Task<Result<void>> EngineClient::ping(std::chrono::milliseconds deadline) {
  const auto answer = co_await request("GET", "/_ping", deadline);
  if (!answer) co_return answer.error();
  unsigned minor = std::min(newest_, kNewestMinor);
  if (newest_ > kNewestMinor) {
    const auto text = co_await request("GET", "/version", deadline);
    const auto version = text ? parseObject(*text) : Result<boost::json::object>(text.error());
    if (version) minor = std::max(minor, minorOf(textOr(*version, "MinAPIVersion")));
  }
  if (minor > 0) version_ = fmt::format("1.{}", minor);
  co_return Result<void>{};
}

Task<Result<std::string>> EngineClient::get(std::string path) {
  co_return co_await request("GET", versioned(path), kCallDeadline);
}

Task<Error> EngineClient::follow(std::string filters, std::string since,
                                 std::function<void(std::string_view)> onLine,
                                 std::function<void()> onSkipped) {
  std::string path =
      versioned(fmt::format("/events?filters={}&since={}", urlEncode(filters), urlEncode(since)));
  const auto skip = [&onSkipped](std::size_t bytes) {
    log::warning(
        "{}: /events: an event of {} bytes is skipped, the limit is {} bytes; listing everything "
        "again",
        kWho, bytes, kEventBytes);
    onSkipped();
  };
  http::Lines lines(kEventBytes, onLine, skip);
  auto onBytes = std::function<void(std::string_view)>([&](std::string_view bytes) {
    if (bytes.empty()) {
      gate_.streamBegan();
      onLine({});
    } else {
      lines.feed(bytes);
    }
  });
  if (!gate_.mayConnect()) co_return unavailable(kStopped);
  const auto reason = co_await client_.stream(std::move(path), kCallDeadline, std::move(onBytes));
  gate_.streamEnded();
  co_return reason.within(kWho);
}

void EngineClient::terminate(const ContainerId& id, int signal,
                             std::function<void(Result<void>)> done) {
  io::spawn(io_.get_executor(), sendSignal(id, signal, std::move(done)), "signal to a container");
}

Task<> EngineClient::sendSignal(ContainerId id, int signal,
                                std::function<void(Result<void>)> done) {
  const std::string path =
      fmt::format("/containers/{}/kill?signal={}", id.value, urlEncode(core::signalName(signal)));
  const auto answer = co_await request("POST", versioned(path), kCallDeadline);
  // NotFound: the container was removed. Conflict: it has already stopped.
  const bool succeeded = answer || answer.error().kind == ErrorKind::NotFound ||
                         answer.error().kind == ErrorKind::Conflict;
  done(succeeded ? Result<void>{} : Result<void>(answer.error()));
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
