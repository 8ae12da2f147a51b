#include "support/dockerd/event_feed.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace asio = boost::asio;

namespace bgplb::test {

namespace {

constexpr std::size_t kHistory = 256;  // moby, daemon/events: eventsLimit
constexpr const char* kHeader =
    "HTTP/1.1 200 OK\r\nApi-Version: 1.45\r\nContent-Type: application/json\r\n"
    "Transfer-Encoding: chunked\r\n\r\n";

std::int64_t nowInNanoseconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

}  // namespace

Task<> EventFeed::serve(std::shared_ptr<Socket> socket, std::int64_t since) {
  const auto stream = std::make_shared<Stream>(io_, std::move(socket));
  streams_.push_back(stream);
  // The client sends nothing more: readable means that it closed the connection.
  stream->socket->async_wait(Socket::wait_read, [stream](const boost::system::error_code&) {
    stream->closed = true;
    stream->wake.cancel();
  });
  for (const auto& past : history_) {
    if (past.time >= since) stream->pending += past.line;
  }
  auto [headerError, headerBytes] =
      co_await asio::async_write(*stream->socket, asio::buffer(std::string_view(kHeader)), asTuple);
  stream->closed = stream->closed || headerError;
  while (!stream->closed) {
    if (stream->pending.empty()) {
      stream->wake.expires_at(asio::steady_timer::time_point::max());
      co_await stream->wake.async_wait(asTuple);
      continue;
    }
    const std::string lines = std::exchange(stream->pending, {});
    const std::string chunk = fmt::format("{:x}\r\n{}\r\n", lines.size(), lines);
    auto [error, written] =
        co_await asio::async_write(*stream->socket, asio::buffer(chunk), asTuple);
    stream->closed = stream->closed || error;
  }
  streams_.remove(stream);
}

void EventFeed::publish(const std::vector<EventValue>& events) {
  std::string lines;
  for (const auto& event : events) {
    const auto time = nowInNanoseconds();
    history_.push_back({time, eventLine(event, time) + "\n"});
    if (history_.size() > kHistory) history_.pop_front();
    lines += history_.back().line;
  }
  send(lines);
}

void EventFeed::publishRaw(const std::string& line) { send(line + "\n"); }

void EventFeed::send(const std::string& lines) {
  for (const auto& stream : streams_) {
    stream->pending += lines;
    stream->wake.cancel();
  }
}

// shutdown(2) instead of close(2): a child of the test may hold a copy of the descriptor until
// exec.
void EventFeed::cut() {
  for (const auto& stream : streams_) {
    boost::system::error_code ignored;
    stream->socket->shutdown(Socket::shutdown_both, ignored);
    stream->closed = true;
    stream->wake.cancel();
  }
  streams_.clear();
}

}  // namespace bgplb::test
