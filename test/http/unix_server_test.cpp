#include "http/unix_server.hpp"

#include "base/log.hpp"
#include "docker/plugin_codec.hpp"

#include "support/build.hpp"
#include "support/catch.hpp"
#include "support/run_until.hpp"
#include "support/unix_peer.hpp"

#include <fmt/format.h>

#include <atomic>
#include <thread>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace bgplb;
using namespace bgplb::test;
using namespace std::chrono_literals;

namespace {

constexpr const char* kType = "text/plain";

http::Answer refusal(unsigned status, const std::string& reason) {
  return {status, kType, "refused: " + reason, {}};
}

Task<http::Answer> echo(http::Request request) {
  co_return http::Answer{200, kType, "[" + request.path + "]" + request.body, {}};
}

// A server on a separate thread. The clients of the test block.
struct Served {
  const SocketPath socket{"server"};
  const std::string& path = socket.path;
  boost::asio::io_context io{1};
  http::UnixServer server;
  std::thread thread;

  explicit Served(http::ServerLimits limits, http::UnixServer::Handler handler = echo)
      : server(io, std::move(handler), refusal, limits) {
    REQUIRE(server.listen(path));
    thread = std::thread([this] { io.run(); });
  }
  ~Served() {
    io.stop();
    thread.join();
  }
};

std::string request(const std::string& path, const std::string& body) {
  return "POST " + path + " HTTP/1.1\r\nHost: \r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

}  // namespace

TEST_CASE("UnixServer.AnswersOnAKeptConnection_WithAnyHostHeader") {
  Served served({});
  struct stat info {};
  REQUIRE(stat(served.path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  const auto client = UnixPeer::connected(served.path);
  for (int i = 0; i < 3; ++i) {
    client.send(request("/a", "{}\n"));
    const std::string answer = client.read("[/a]{}");
    CHECK(answer.find("HTTP/1.1 200") != std::string::npos);
    CHECK(answer.find("[/a]{}") != std::string::npos);
  }
}

TEST_CASE("UnixServer.ReadsARequestInSingleBytes") {
  Served served({});
  const auto client = UnixPeer::connected(served.path);
  for (const char byte : request("/slow", "{\"a\":1}")) client.send(std::string(1, byte));
  CHECK(client.read("[/slow]").find("[/slow]{\"a\":1}") != std::string::npos);
}

TEST_CASE("UnixServer.SlowAndSilentClientsDoNotBlockOthers") {
  Served served({.request = 300ms, .firstRequest = 600ms});
  const auto silent = UnixPeer::connected(served.path);
  const auto half = UnixPeer::connected(served.path);
  half.send("POST /half HTTP/1.1\r\nContent-Le");
  const auto other = UnixPeer::connected(served.path);
  other.send(request("/other", ""));
  CHECK(other.read("[/other]").find("[/other]") != std::string::npos);
  CHECK(half.read("<never>") == "<end>");  // the deadline has passed
  CHECK(silent.read("<never>") == "<end>");
  other.send(request("/again", ""));  // idle connections stay open
  CHECK(other.read("[/again]").find("[/again]") != std::string::npos);
}

TEST_CASE("UnixServer.BadRequestsGetAnError_AndTheServerKeepsServing") {
  Served served({.bodyBytes = 1000, .headerBytes = 2000});
  const auto [bytes, status] = GENERATE(table<std::string, std::string>({
      {"nonsense\r\n\r\n", "400"},
      {"POST /x HTTP/1.1\r\nContent-Length: many\r\n\r\n", "400"},
      {"POST /x HTTP/1.1\r\nContent-Length: 100000\r\n\r\n", "413"},
      {"POST /x HTTP/1.1\r\nX: " + std::string(5000, 'x') + "\r\n\r\n", "413"},
  }));
  CAPTURE(bytes.substr(0, 60));
  const auto bad = UnixPeer::connected(served.path);
  bad.send(bytes);
  const std::string answer = bad.read("<end>");
  CHECK(answer.find("HTTP/1.1 " + status) == 0);
  CHECK(answer.find("refused: bad request: ") != std::string::npos);
  {
    const auto gone = UnixPeer::connected(served.path);  // dockerd's probe connects and closes
  }
  const auto good = UnixPeer::connected(served.path);
  good.send(request("/good", ""));
  CHECK(good.read("[/good]").find("[/good]") != std::string::npos);
}

TEST_CASE("UnixServer.ReplacesADeadSocketAndNothingElse") {
  Served served({});
  boost::asio::io_context io;  // another thread runs the first server's context
  http::UnixServer second(io, echo, refusal);
  CHECK(second.listen(served.path).error().message ==
        served.path + ": another process listens there");
  SocketPath full("full");
  const UnixListener listener(full.path, 0);
  const auto waiting = UnixPeer::connected(full.path);
  CHECK(second.listen(full.path).has_error());  // the backlog is full: connecting would block
  CHECK(second.listen("/tmp").error().message == "/tmp: exists and is not a socket");
  CHECK(second.listen(std::string(108, 'x')).has_error());
  CHECK(second.listen("").has_error());
  CHECK(second.listen("/nonexistent/socket").has_error());
  SocketPath dead("dead");
  { const UnixListener gone(dead.path); }
  CHECK(second.listen(dead.path));
}

TEST_CASE("UnixServer.SplitsTheTarget_AndSendsContentTypeAndAllow") {
  Served served({}, [](http::Request request) -> Task<http::Answer> {
    co_return http::Answer{405, kType, request.path + "|" + request.query, "GET, PUT"};
  });
  const auto client = UnixPeer::connected(served.path);
  for (const auto& [target, split] :
       {std::pair{"/a?b=c?d", "/a|b=c?d"}, {"/a", "/a|"}, {"/a?", "/a|"}}) {
    client.send(request(target, ""));
    const auto answer = client.read(split);
    CHECK(answer.find("HTTP/1.1 405") == 0);
    CHECK(answer.find("Content-Type: text/plain\r\n") != std::string::npos);
    CHECK(answer.find("Allow: GET, PUT\r\n") != std::string::npos);
    CHECK(answer.ends_with(split));
  }
}

namespace {

// A handler that blocks the event loop on /block, like SIGSTOP or a paused virtual machine.
struct Blocker {
  std::atomic<bool> blocks = false;
  std::atomic<bool> goOn = false;

  Task<http::Answer> answer(http::Request request) {
    if (request.path == "/block") {
      blocks = true;
      const auto end = std::chrono::steady_clock::now() + kDeadline;
      while (!goOn && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    }
    return echo(std::move(request));
  }
};

}  // namespace

// The second half of a request arrives while the event loop is blocked, and then the deadline of
// the request passes. The handler of the deadline is already queued when the server reads the
// request. The handler must not close the connection.
TEST_CASE("UnixServer.ALateRequestCountsIfItHasArrivedInTheSocket") {
  Blocker blocker;
  Served served({.request = 2s},
                [&](http::Request request) { return blocker.answer(std::move(request)); });
  const auto size = GENERATE(std::size_t{0}, std::size_t{100'000});
  const std::string body(size, 'x');
  const auto late = UnixPeer::connected(served.path);
  const auto blocking = UnixPeer::connected(served.path);
  late.send("POST /late HTTP/1.1\r\nContent-Length: " + std::to_string(size) + "\r\n");
  blocking.send(request("/first", ""));  // the answer shows that the half request was read
  REQUIRE(blocking.read("[/first]").find("[/first]") != std::string::npos);
  blocking.send(request("/block", ""));
  while (!blocker.blocks) std::this_thread::yield();
  late.send("\r\n" + body);
  std::this_thread::sleep_for(2050ms);
  blocker.goOn = true;
  CHECK(late.read("[/late]" + body).find("[/late]" + body) != std::string::npos);
  for (int i = 0; i < 3; ++i) {
    late.send(request("/again", ""));
    CHECK(late.read("[/again]").find("[/again]") != std::string::npos);
  }
}

TEST_CASE("UnixServer.ConnectionsOverTheLimitWaitForOneToEnd") {
  Served served({.connections = 2});
  auto one = UnixPeer::connected(served.path);
  const auto two = UnixPeer::connected(served.path);
  const auto three = UnixPeer::connected(served.path);
  for (const UnixPeer* peer : {&std::as_const(one), &two}) {
    peer->send(request("/in", ""));
    CHECK(peer->read("[/in]").find("[/in]") != std::string::npos);
  }
  three.send(request("/waits", ""));
  CHECK(three.read("[/waits]", 100).empty());
  one.close();
  CHECK(three.read("[/waits]").find("[/waits]") != std::string::npos);
}

// Runs in a separate process, because the limit of descriptors applies to the whole process.
TEST_CASE("UnixServer.LackOfDescriptorsIsLoggedWhenItBeginsAndWhenItEnds") {
  const SocketPath socket("few");
  int output[2];
  REQUIRE(pipe(output) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    dup2(output[1], STDERR_FILENO);
    log::start(log::Level::Info);
    boost::asio::io_context io{1};
    http::UnixServer server(io, echo, refusal);
    if (!server.listen(socket.path)) _exit(1);
    const auto client = UnixPeer::connected(socket.path);
    client.send(request("/late", ""));
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    const auto before = limit.rlim_cur;
    limit.rlim_cur = static_cast<rlim_t>(client.fd()) + 1;
    setrlimit(RLIMIT_NOFILE, &limit);
    while (dup(STDERR_FILENO) >= 0) continue;
    runUntil(
        io, [] { return false; }, 500ms);
    limit.rlim_cur = before;
    setrlimit(RLIMIT_NOFILE, &limit);
    std::string answer;
    const bool answered = runUntil(io, [&] {
      answer += client.read("[/late]", 0);
      return answer.find("[/late]") != std::string::npos;
    });
    log::stop();
    _exit(answered ? 0 : 2);
  }
  close(output[1]);
  const std::string text = UnixPeer(output[0]).read("<never>");
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
  const auto count = [&text](const std::string& part) {
    int found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
  };
  CAPTURE(text);
  CHECK(count("cannot accept connections: Too many open files") == 1);
  CHECK(count("resolved: ") == 1);
}

// dockerd lists every exposed port in CreateEndpoint and Join (test/contract/plugin/26.1).
TEST_CASE("UnixServer.AcceptsTheCallsForAnImageThatExposesAllPorts") {
  std::string ports;
  std::string published;
  for (const int protocol : {6, 17}) {
    for (int port = 1; port <= 65535; ++port) {
      const char* comma = ports.empty() ? "" : ",";
      ports += fmt::format("{}{{\"Proto\":{},\"Port\":{}}}", comma, protocol, port);
      published += fmt::format(
          "{}{{\"Proto\":{},\"IP\":\"\",\"Port\":{},\"HostIP\":\"\",\"HostPort\":0,"
          "\"HostPortEnd\":0}}",
          comma, protocol, port);
    }
  }
  const bool withPublished = GENERATE(false, true);
  const std::string body = fmt::format(
      R"({{"NetworkID":"{}","EndpointID":"{}","Interface":{{"MacAddress":"02:42:0a:00:00:65"}},)"
      R"("Options":{{"com.docker.network.endpoint.exposedports":[{}],)"
      R"("com.docker.network.portmap":[{}]}}}})",
      kWeb1.value, kEp1.value, ports, withPublished ? published : "");
  std::atomic<std::int64_t> microseconds = 0;
  Served served({}, [&](http::Request request) -> Task<http::Answer> {
    const auto start = std::chrono::steady_clock::now();
    const auto parsed = docker::parseCreateEndpoint(request.body);
    const auto took = std::chrono::steady_clock::now() - start;
    microseconds = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
    const bool good = parsed && parsed->endpoint == kEp1 && parsed->mac;
    co_return http::Answer{200, kType, good ? "parsed" : "not parsed", {}};
  });
  const auto client = UnixPeer::connected(served.path);
  const auto start = std::chrono::steady_clock::now();
  client.send(request("/NetworkDriver.CreateEndpoint", body));
  CHECK(client.read("parsed").ends_with("\r\n\r\nparsed"));
  const std::chrono::duration<double, std::milli> whole = std::chrono::steady_clock::now() - start;
  WARN(fmt::format("CreateEndpoint of {:.1f} MB: parsed in {:.1f} ms, answered in {:.1f} ms",
                   static_cast<double>(body.size()) / 1e6, static_cast<double>(microseconds) / 1e3,
                   whole.count()));
  CHECK(whole < 2s);
}
