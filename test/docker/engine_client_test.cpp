#include "docker/engine_client.hpp"

#include "support/catch.hpp"
#include "support/run_until.hpp"
#include "support/unix_peer.hpp"

#include <boost/asio/co_spawn.hpp>

#include <csignal>
#include <optional>
#include <thread>
#include <vector>

using namespace bgplb;
using namespace bgplb::test;
using namespace std::chrono_literals;

namespace {

const std::string kEndOfHeader = "\r\n\r\n";

// A fake dockerd without a thread: the test decides when to answer.
struct Fake {
  SocketPath socket{"dockerd"};
  UnixListener listener{socket.path};
  boost::asio::io_context io;
  docker::EngineClient engine{io, socket.path};

  // Runs the loop until the request has been sent.
  UnixPeer request() {
    runReady(io);
    auto peer = listener.accept();
    REQUIRE(peer.fd() >= 0);
    runReady(io);
    CHECK(peer.read(kEndOfHeader).find("HTTP/1.1") != std::string::npos);
    return peer;
  }
  template <typename T>
  void start(Task<T> task, std::optional<T>& outcome) {
    boost::asio::co_spawn(io, store(std::move(task), outcome), [](std::exception_ptr exception) {
      if (exception) std::rethrow_exception(exception);
    });
  }
  template <typename T>
  static Task<> store(Task<T> task, std::optional<T>& outcome) {
    outcome = co_await std::move(task);
  }
};

}  // namespace

// This happens after SIGCONT or in a paused virtual machine: the answer has arrived, and its
// deadline has passed. The loop needs several turns to read 100 KB, and the handler of the deadline
// runs before the second turn.
TEST_CASE("EngineClient: a late answer counts if it has arrived in the socket") {
  Fake fake;
  std::optional<Result<void>> outcome;
  fake.start(fake.engine.ping(200ms), outcome);
  const auto peer = fake.request();
  const auto size = GENERATE(std::size_t{2}, std::size_t{100'000});
  peer.send(httpAnswer(std::string(size, 'x')));
  std::this_thread::sleep_for(220ms);  // the loop does not run until after the deadline
  REQUIRE(runUntil(fake.io, [&] { return outcome.has_value(); }));
  CHECK(*outcome);
}

// The first call ends while the handler of its deadline is already queued. The second call reuses
// the memory of the first one. A handler with a reference to that memory would close the wrong
// socket.
TEST_CASE("EngineClient: the deadline of a completed call does not affect a later call") {
  Fake fake;
  std::optional<Result<void>> first;
  std::optional<Result<void>> second;
  const auto both = [](docker::EngineClient& engine, std::optional<Result<void>>& one,
                       std::optional<Result<void>>& two) -> Task<Result<void>> {
    one = co_await engine.ping(200ms);
    two = co_await engine.ping(5s);
    co_return Result<void>{};
  };
  std::optional<Result<void>> ended;
  fake.start(both(fake.engine, first, second), ended);
  const auto peer = fake.request();
  peer.send(httpAnswer("OK"));
  std::this_thread::sleep_for(220ms);
  REQUIRE(runUntil(fake.io, [&] { return first.has_value(); }));
  const auto next = fake.request();
  next.send(httpAnswer("OK"));
  REQUIRE(runUntil(fake.io, [&] { return second.has_value(); }));
  CHECK(*first);
  CHECK(*second);
}

TEST_CASE("EngineClient: no answer before the deadline is a transient error") {
  Fake fake;
  std::optional<Result<void>> outcome;
  fake.start(fake.engine.ping(200ms), outcome);
  const auto peer = fake.request();
  REQUIRE(runUntil(fake.io, [&] { return outcome.has_value(); }));
  REQUIRE(outcome->has_error());
  CHECK(outcome->error().kind == ErrorKind::Transient);
  CHECK(outcome->error().message == "Docker API: /_ping: no answer in time");
}

TEST_CASE(
    "EngineClient: later calls use the API version of /_ping, but not a newer one than 1.47") {
  Fake fake;
  const auto [offered, used] =
      GENERATE(table<std::string, std::string>({{"1.41", "/v1.41/networks"},
                                                {"1.99", "/v1.47/networks"},
                                                {"2.0", "/networks"},
                                                {"1.x", "/networks"}}));
  std::optional<Result<void>> pinged;
  fake.start(fake.engine.ping(), pinged);
  fake.request().send(httpAnswer("OK", "200 OK", "Api-Version: " + offered + "\r\n"));
  if (offered == "1.99") fake.request().send(httpAnswer(R"({"MinAPIVersion":"1.24"})"));
  REQUIRE(runUntil(fake.io, [&] { return pinged.has_value(); }));
  std::optional<Result<std::string>> listed;
  fake.start(fake.engine.get("/networks"), listed);
  runReady(fake.io);
  const auto peer = fake.listener.accept();
  runReady(fake.io);
  CHECK(peer.read(kEndOfHeader).find("GET " + used + " HTTP/1.1") == 0);
  peer.send(httpAnswer("[]"));
  REQUIRE(runUntil(fake.io, [&] { return listed.has_value(); }));
  CHECK(listed->value() == "[]");
}

TEST_CASE("EngineClient: a dockerd without API version 1.47 gets its oldest version") {
  Fake fake;
  const auto [version, used] = GENERATE(table<std::string, std::string>({
      {R"({"ApiVersion":"1.99","MinAPIVersion":"1.60"})", "/v1.60/networks"},
      {R"({"ApiVersion":"1.99","MinAPIVersion":"1.24"})", "/v1.47/networks"},
      {R"({"ApiVersion":"1.99"})", "/v1.47/networks"},
      {"nonsense", "/v1.47/networks"},
  }));
  std::optional<Result<void>> pinged;
  fake.start(fake.engine.ping(), pinged);
  fake.request().send(httpAnswer("OK", "200 OK", "Api-Version: 1.99\r\n"));
  const auto asked = fake.request();
  asked.send(httpAnswer(version));
  REQUIRE(runUntil(fake.io, [&] { return pinged.has_value(); }));
  CHECK(*pinged);
  std::optional<Result<std::string>> listed;
  fake.start(fake.engine.get("/networks"), listed);
  runReady(fake.io);
  const auto peer = fake.listener.accept();
  runReady(fake.io);
  CHECK(peer.read(kEndOfHeader).find("GET " + used + " HTTP/1.1") == 0);
}

TEST_CASE("EngineClient: an event over the size limit is skipped, and the next one is read") {
  Fake fake;
  std::vector<std::string> lines;
  int skipped = 0;
  std::optional<Error> ended;
  fake.start(fake.engine.follow(
                 "{}", "0.0", [&](std::string_view line) { lines.emplace_back(line); },
                 [&] { ++skipped; }),
             ended);
  auto peer = fake.request();
  const std::string labels(2U << 20, 'x');
  std::thread server([&] {  // the events do not fit into the socket's buffer
    peer.send("HTTP/1.1 200 OK\r\n\r\n{\"first\":1}\n{\"long\":\"" + labels + "\"}\n" +
              "{\"longer\":\"" + std::string(17U << 20, 'x') + "\"}\n\n{\"next\":2}\n{\"cut");
    peer.close();
  });
  CHECK(runUntil(fake.io, [&] { return ended.has_value(); }));
  server.join();
  CHECK(lines == std::vector<std::string>{"", "{\"first\":1}", "{\"long\":\"" + labels + "\"}",
                                          "{\"next\":2}"});
  CHECK(skipped == 1);
  REQUIRE(ended);
  CHECK(ended->message == "Docker API: /events?filters=%7B%7D&since=0.0: the stream ended");
}

TEST_CASE("EngineClient: the callback of terminate() runs for every answer of dockerd") {
  const auto [answer, good] = GENERATE(table<std::string, bool>({
      {httpAnswer("", "204 No Content"), true},
      {httpAnswer("{}", "404 Not Found"), true},  // no such container
      {httpAnswer("{}", "409 Conflict"), true},   // not running
      {httpAnswer("\xff\x1b[2J", "500 No"), false},
      {"nonsense\r\n\r\n", false},
      {"", false},  // closed without an answer
  }));
  Fake fake;
  std::optional<Result<void>> done;
  fake.engine.terminate(ContainerId("c1"), SIGTERM, [&](Result<void> outcome) { done = outcome; });
  auto peer = fake.request();
  peer.send(answer);
  peer.close();
  REQUIRE(runUntil(fake.io, [&] { return done.has_value(); }));
  CHECK(done->has_value() == good);
  if (!good) CHECK(done->error().message.find('\x1b') == std::string::npos);
}

TEST_CASE("EngineClient: a wrong socket is an error of the call") {
  boost::asio::io_context io;
  const auto path = GENERATE(std::string(200, 'x'), std::string(), std::string("/"),
                             std::string("/nonexistent/docker.sock"));
  docker::EngineClient engine(io, path);
  std::optional<Result<void>> done;
  engine.terminate(ContainerId("c1"), SIGTERM, [&](Result<void> outcome) { done = outcome; });
  REQUIRE(runUntil(io, [&] { return done.has_value(); }));
  CHECK(done->has_error());
}
