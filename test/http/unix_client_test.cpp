#include "http/unix_client.hpp"

#include "io/spawn.hpp"
#include "support/catch.hpp"
#include "support/run_until.hpp"
#include "support/unix_peer.hpp"

#include <atomic>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

using namespace bgplb;
using namespace bgplb::test;
using namespace std::chrono_literals;

namespace {

struct Call {
  std::optional<Result<http::Response>> outcome;

  Call(boost::asio::io_context& io, http::UnixClient& client, std::chrono::milliseconds deadline) {
    io::spawn(io.get_executor(), store(client, deadline, outcome), "test");
  }
  static Task<> store(http::UnixClient& client, std::chrono::milliseconds deadline,
                      std::optional<Result<http::Response>>& outcome) {
    std::string body = "{}";
    outcome = co_await client.request("POST", "/path", std::move(body), deadline);
  }
  bool hasEnded() const { return outcome.has_value(); }
};

struct World {
  SocketPath socket{"server"};
  UnixListener listener{socket.path};
  boost::asio::io_context io;

  Result<http::Response> answeredWith(const std::string& bytes, http::UnixClient& client) {
    Call call(io, client, 5s);
    runReady(io);
    auto peer = listener.accept();
    runReady(io);
    std::thread server([&] {  // a long response does not fit into the socket's buffer
      peer.send(bytes);
      peer.close();
    });
    REQUIRE(runUntil(io, [&] { return call.hasEnded(); }));
    server.join();
    return *call.outcome;
  }
};

}  // namespace

TEST_CASE("UnixClient: sends method, path and body, and returns status, headers and body") {
  World world;
  http::UnixClient client(world.io, world.socket.path);
  Call call(world.io, client, 5s);
  runReady(world.io);
  const auto peer = world.listener.accept();
  runReady(world.io);
  const std::string request = peer.read("{}");
  CHECK(request.find("POST /path HTTP/1.1\r\n") == 0);
  CHECK(request.find("Content-Length: 2\r\n") != std::string::npos);
  peer.send(httpAnswer("body", "418 I'm a teapot", "X-Some: thing\r\n"));
  REQUIRE(runUntil(world.io, [&] { return call.hasEnded(); }));
  REQUIRE(*call.outcome);
  CHECK((*call.outcome)->status == 418);
  CHECK((*call.outcome)->body == "body");
  CHECK((*call.outcome)->header("x-some") == "thing");
  CHECK((*call.outcome)->header("x-other").empty());
}

TEST_CASE("UnixClient: a malformed response is an error and not an exception") {
  World world;
  http::UnixClient client(world.io, world.socket.path, 1000);
  const auto [bytes, kind] = GENERATE(table<std::string, ErrorKind>({
      {"", ErrorKind::Unavailable},
      {"nonsense\r\n\r\n", ErrorKind::Invalid},
      {"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", ErrorKind::Invalid},
      {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", ErrorKind::Unavailable},
      {httpAnswer(std::string(1001, 'x')), ErrorKind::Invalid},
      {"HTTP/1.1 200 OK\r\nX: " + std::string(20000, 'x') + "\r\n\r\n", ErrorKind::Invalid},
      {std::string(1000, '\0'), ErrorKind::Invalid},
  }));
  CAPTURE(bytes.substr(0, 60));
  const auto response = world.answeredWith(bytes, client);
  REQUIRE(response.has_error());
  CHECK(response.error().kind == kind);
  CHECK(response.error().message.starts_with("/path: "));
}

TEST_CASE("UnixClient: a wrong socket is an error and not an exception") {
  SocketPath dead("dead");
  { const UnixListener gone(dead.path); }
  const std::string file = std::string(TEST_SOURCE_DIR) + "/README.md";
  const std::vector<std::pair<std::string, ErrorKind>> sockets{
      {std::string(108, 'x'), ErrorKind::Invalid},
      {"", ErrorKind::Invalid},
      {"/tmp", ErrorKind::Unavailable},
      {file, ErrorKind::Unavailable},
      {dead.path, ErrorKind::Unavailable},
      {"/nonexistent/socket", ErrorKind::Unavailable},
  };
  for (const auto& [path, kind] : sockets) {
    CAPTURE(path);
    boost::asio::io_context io;
    http::UnixClient client(io, path);
    Call call(io, client, 5s);
    REQUIRE(runUntil(io, [&] { return call.hasEnded(); }));
    REQUIRE(call.outcome->has_error());
    CHECK(call.outcome->error().kind == kind);
  }
}

// With a full backlog, async_connect() of Asio reports success, and the request then fails with
// "not connected".
TEST_CASE("UnixClient: waits while the listener's backlog is full") {
  SocketPath socket("full");
  const UnixListener listener(socket.path, 0);
  const auto first = UnixPeer::connected(socket.path);  // a backlog of 0 holds one connection
  boost::asio::io_context io;
  http::UnixClient client(io, socket.path);
  Call call(io, client, 5s);
  runReady(io);
  REQUIRE_FALSE(call.hasEnded());
  const auto acceptedFirst = listener.accept();
  std::thread server([&] {
    const auto peer = listener.accept();
    peer.read("{}");
    peer.send(httpAnswer("late"));
  });
  CHECK(runUntil(io, [&] { return call.hasEnded(); }));
  server.join();
  REQUIRE(call.outcome);
  REQUIRE(*call.outcome);
  CHECK((*call.outcome)->body == "late");
}

TEST_CASE("UnixClient: the deadline applies while connecting and while single bytes arrive") {
  SocketPath socket("slow");
  const UnixListener listener(socket.path, 0);
  boost::asio::io_context io;
  http::UnixClient client(io, socket.path);
  const auto start = std::chrono::steady_clock::now();
  SECTION("backlog full") {
    const auto first = UnixPeer::connected(socket.path);
    Call call(io, client, 50ms);
    REQUIRE(runUntil(io, [&] { return call.hasEnded(); }));
    CHECK(call.outcome->error().kind == ErrorKind::Transient);
  }
  SECTION("single bytes arrive") {
    Call call(io, client, 50ms);
    runReady(io);
    const auto peer = listener.accept();
    std::atomic<bool> stop = false;
    std::thread server([&] {
      peer.send("HTTP/1.1 200 OK\r\n\r\n");
      while (!stop) {
        peer.send("x");
        std::this_thread::sleep_for(1ms);
      }
    });
    CHECK(runUntil(io, [&] { return call.hasEnded(); }));
    stop = true;
    server.join();
    REQUIRE(call.hasEnded());
    CHECK(call.outcome->error().kind == ErrorKind::Transient);
  }
  CHECK(std::chrono::steady_clock::now() - start < 5s);
}
