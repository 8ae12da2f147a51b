#include "support/dockerd/fake_dockerd.hpp"

#include "io/spawn.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <fmt/format.h>

#include <poll.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace bgplb::test {

namespace {

constexpr int kBacklog = 4096;
constexpr const char* kApiVersion = "1.45";  // Docker 26.1

// "/v1.45/networks?x=y" -> "/networks", "x=y"
FakeDockerd::Request requestOf(const http::request<http::string_body>& message) {
  const std::string target(message.target());
  const auto question = target.find('?');
  FakeDockerd::Request request;
  request.at = FakeDockerd::Clock::now();
  request.method = std::string(message.method_string());
  request.path = target.substr(0, question);
  if (question != std::string::npos) request.query = target.substr(question + 1);
  if (request.path.starts_with("/v1.")) request.path.erase(0, request.path.find('/', 1));
  return request;
}

// "since=seconds.nanoseconds" in ns. Without it the history is not sent: the largest value.
std::int64_t sinceOf(const std::string& query) {
  const auto at = query.find("since=");
  if (at == std::string::npos) return std::numeric_limits<std::int64_t>::max();
  const std::string value = query.substr(at + 6, query.find('&', at) - at - 6);
  const auto point = value.find('.');
  std::string fraction = point == std::string::npos ? "" : value.substr(point + 1);
  fraction.resize(9, '0');
  return std::stoll(value.substr(0, point)) * 1'000'000'000 + std::stoll(fraction);
}

template <typename Values, typename Wanted>
std::string arrayOf(const Values& values, Wanted wanted) {
  std::string text;
  for (const auto& [id, value] : values) {
    if (wanted(value)) text += (text.empty() ? "" : ",") + listed(value);
  }
  return "[" + text + "]";
}

}  // namespace

FakeDockerd::FakeDockerd(const std::string& socketPath)
    : acceptor_(io_, asio::local::stream_protocol::endpoint(socketPath), false),
      feed_(io_),
      pidPath_((std::filesystem::path(socketPath).parent_path() / "docker.pid").string()) {
  acceptor_.listen(kBacklog);
  writePidFile();
  io::spawn(io_.get_executor(), accept(), "the fake dockerd");
  thread_ = std::thread([this] {
    const auto work = asio::make_work_guard(io_);
    io_.run();
  });
}

FakeDockerd::~FakeDockerd() {
  io_.stop();
  thread_.join();
}

Task<> FakeDockerd::accept() {
  while (true) {
    auto [error, socket] = co_await acceptor_.async_accept(asTuple);
    if (error == asio::error::operation_aborted) co_return;  // stop()
    if (error) continue;
    mostOpen_ = std::max(mostOpen_, ++open_);
    auto owned = std::make_shared<Socket>(std::move(socket));
    std::erase_if(sockets_, [](const auto& known) { return known.expired(); });
    sockets_.push_back(owned);
    io::spawn(io_.get_executor(), serve(std::move(owned)), "the fake dockerd's connection");
  }
}

Task<> FakeDockerd::serve(std::shared_ptr<Socket> socket) {
  boost::beast::flat_buffer buffer;
  while (true) {
    http::request<http::string_body> message;
    auto [readError, got] = co_await http::async_read(*socket, buffer, message, asTuple);
    if (readError) break;
    const Request request = requestOf(message);
    requests_.push_back(request);
    const Answer answer = answerTo(request);
    if (!co_await obstruct(socket, request.path)) break;
    if (request.path == "/events" && answer.status == 200) {
      streaming_.insert(socket);
      co_await feed_.serve(socket, sinceOf(request.query));
      streaming_.erase(socket);
      break;
    }
    http::response<http::string_body> response(static_cast<http::status>(answer.status), 11);
    response.set("Api-Version", kApiVersion);
    response.body() = answer.body;
    response.prepare_payload();
    auto [writeError, written] = co_await http::async_write(*socket, response, asTuple);
    if (writeError) break;
  }
  --open_;
}

// Delays and holds the answer as scripted. False: the client closed the connection meanwhile.
Task<bool> FakeDockerd::obstruct(std::shared_ptr<Socket> socket, std::string path) {
  const auto held = std::make_shared<Held>(Held{path, asio::steady_timer(io_)});
  if (const auto delay = script_.delayOf(path); delay.count() > 0) {
    held->timer.expires_after(delay);
    co_await held->timer.async_wait(asTuple);
  }
  if (!script_.isHeld(path)) co_return true;
  socket->async_wait(Socket::wait_read, [held](const boost::system::error_code&) {
    held->closed = true;
    held->timer.cancel();
  });
  held_.push_back(held);
  while (!held->closed && script_.isHeld(path)) {
    held->timer.expires_at(asio::steady_timer::time_point::max());
    co_await held->timer.async_wait(asTuple);
  }
  held_.remove(held);
  co_return !held->closed;
}

FakeDockerd::Answer FakeDockerd::answerTo(const Request& request) {
  const auto& path = request.path;
  if (const auto status = script_.takeFailure(path)) return {status, R"({"message":"scripted"})"};
  if (path == "/_ping") return {200, "OK"};
  if (path == "/events") return {200, ""};
  if (path == "/networks") return {200, arrayOf(values_.networks, [](auto&) { return true; })};
  if (path == "/containers/json") {
    return {200, arrayOf(values_.containers, [](auto& container) { return container.running; })};
  }
  if (path.starts_with("/networks/")) {
    const auto found = values_.networks.find(path.substr(10));
    if (found != values_.networks.end()) return {200, listed(found->second)};
  }
  if (path.starts_with("/containers/")) {
    const std::string id = path.substr(12, path.rfind('/') - 12);
    const auto found = values_.containers.find(id);
    if (found != values_.containers.end()) {
      if (request.method == "GET") return {200, inspected(found->second)};
      return {found->second.running ? 204U : 409U, ""};  // POST .../kill
    }
  }
  if (path == "/services") return {503, R"({"message":"This node is not a swarm manager."})"};
  return {404, R"({"message":"no such object"})"};
}

// ---- called on the test's thread

void FakeDockerd::fail(const std::string& pattern, int times, unsigned status) {
  run([&] { script_.fail(pattern, times, status); });
}

void FakeDockerd::delay(const std::string& pattern, std::chrono::milliseconds time) {
  run([&] { script_.delay(pattern, time); });
}

void FakeDockerd::hold(const std::string& pattern) {
  run([&] { script_.hold(pattern); });
}

void FakeDockerd::release(const std::string& pattern) {
  run([&] {
    script_.release(pattern);
    for (const auto& held : held_) held->timer.cancel();
  });
}

std::size_t FakeDockerd::held(const std::string& pattern) {
  return run([&] {
    return static_cast<std::size_t>(std::count_if(
        held_.begin(), held_.end(), [&](auto& held) { return covers(pattern, held->path); }));
  });
}

void FakeDockerd::cutStreams() {
  run([&] { feed_.cut(); });
}

void FakeDockerd::writePidFile() { std::ofstream(pidPath_) << 4000 + ++starts_; }

void FakeDockerd::beginStop() {
  run([&] {
    acceptor_.cancel();
    for (const auto& known : sockets_) {
      boost::system::error_code ignored;
      const auto socket = known.lock();
      if (socket && !streaming_.contains(socket)) socket->shutdown(Socket::shutdown_both, ignored);
    }
  });
}

void FakeDockerd::stop(PidFile pidFile) {
  beginStop();
  run([&] {
    feed_.cut();
    if (pidFile == PidFile::Goes) std::filesystem::remove(pidPath_);
  });
}

bool FakeDockerd::isWoken() {
  return run([&] {
    pollfd listening{acceptor_.native_handle(), POLLIN, 0};
    return ::poll(&listening, 1, 0) > 0;
  });
}

void FakeDockerd::startAgain() {
  run([&] {
    writePidFile();
    io::spawn(io_.get_executor(), accept(), "the fake dockerd");
  });
}

void FakeDockerd::change(const std::function<void(Values&)>& change,
                         const std::vector<EventValue>& events) {
  run([&] {
    change(values_);
    feed_.publish(events);
  });
}

void FakeDockerd::changeInGap(const std::function<void(Values&)>& change,
                              const std::vector<EventValue>& events) {
  run([&] {
    feed_.cut();
    change(values_);
    feed_.publish(events);
  });
}

void FakeDockerd::sendRaw(const std::string& line, const std::vector<EventValue>& after) {
  run([&] {
    feed_.publishRaw(line);
    feed_.publish(after);
  });
}

std::vector<FakeDockerd::Request> FakeDockerd::requests(const std::string& pattern) {
  return run([&] {
    std::vector<Request> found;
    for (const auto& request : requests_) {
      if (covers(pattern, request.path)) found.push_back(request);
    }
    return found;
  });
}

std::size_t FakeDockerd::count(const std::string& pattern) {
  return run([&] {
    return static_cast<std::size_t>(
        std::count_if(requests_.begin(), requests_.end(),
                      [&](auto& request) { return covers(pattern, request.path); }));
  });
}

std::size_t FakeDockerd::streams() {
  return run([&] { return feed_.streams(); });
}

std::size_t FakeDockerd::mostConnections() {
  return run([&] { return mostOpen_; });
}

std::string FakeDockerd::text() {
  constexpr std::size_t kLast = 30;
  const auto all = requests();
  std::string text = "dockerd was asked:\n";
  for (std::size_t i = all.size() > kLast ? all.size() - kLast : 0; i < all.size(); ++i) {
    const auto ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(all[i].at.time_since_epoch());
    const auto& request = all[i];
    const std::string query = request.query.substr(0, request.query.find("filters="));
    text += fmt::format("  {} {} {} {}\n", ms.count(), request.method, request.path, query);
  }
  return text;
}

}  // namespace bgplb::test
