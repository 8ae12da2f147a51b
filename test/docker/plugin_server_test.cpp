#include "docker/plugin_server.hpp"

#include "support/catch.hpp"

#include <filesystem>
#include <thread>

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

using namespace bgplb;
using namespace std::chrono_literals;

namespace {

// A server on a thread of its own, and blocking clients beside it.
struct Served {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("bgplb-" + std::to_string(getpid()) + ".sock"))
          .string();
  boost::asio::io_context io{1};
  docker::PluginServer server;
  std::thread thread;

  static Task<docker::HttpAnswer> echo(docker::HttpRequest request) {
    co_return docker::HttpAnswer{200, "[" + request.path + "]" + request.body};
  }

  explicit Served(docker::ServerLimits limits) : server(io, &Served::echo, limits) {
    REQUIRE(server.listen(path));
    thread = std::thread([this] { io.run(); });
  }
  ~Served() {
    io.stop();
    thread.join();
    unlink(path.c_str());
  }
};

struct Client {
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  explicit Client(const std::string& path) {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  }
  ~Client() { close(fd); }
  void send(const std::string& text) const {
    CHECK(::send(fd, text.data(), text.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(text.size()));
  }
  // What comes until `wanted` is in it, the end, or the deadline.
  std::string read(const std::string& wanted, int milliseconds = 3000) const {
    std::string text;
    char chunk[4096];
    pollfd wait{fd, POLLIN, 0};
    while (text.find(wanted) == std::string::npos && poll(&wait, 1, milliseconds) == 1) {
      const ssize_t got = recv(fd, chunk, sizeof chunk, 0);
      if (got <= 0) return text + "<end>";
      text.append(chunk, static_cast<std::size_t>(got));
    }
    return text;
  }
};

std::string request(const std::string& path, const std::string& body) {
  return "POST " + path + " HTTP/1.1\r\nHost: \r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

}  // namespace

TEST_CASE("PluginServer.AnswersOnAKeptConnection_WhateverTheHost") {
  Served served({});
  struct stat info {};
  REQUIRE(stat(served.path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  const Client client(served.path);
  for (int i = 0; i < 3; ++i) {
    client.send(request("/a", "{}\n"));
    const std::string answer = client.read("[/a]{}");
    CHECK(answer.find("HTTP/1.1 200") != std::string::npos);
    CHECK(answer.find("[/a]{}") != std::string::npos);
  }
}

TEST_CASE("PluginServer.TakesARequestInSingleBytes") {
  Served served({});
  const Client client(served.path);
  for (const char byte : request("/slow", "{\"a\":1}")) client.send(std::string(1, byte));
  CHECK(client.read("[/slow]").find("[/slow]{\"a\":1}") != std::string::npos);
}

TEST_CASE("PluginServer.SlowAndSilentClientsHoldUpNobody") {
  Served served({.request = 300ms, .firstRequest = 600ms});
  const Client silent(served.path);
  const Client half(served.path);
  half.send("POST /half HTTP/1.1\r\nContent-Le");
  const Client other(served.path);
  other.send(request("/other", ""));
  CHECK(other.read("[/other]").find("[/other]") != std::string::npos);
  CHECK(half.read("<never>") == "<end>");    // its time is up
  CHECK(silent.read("<never>") == "<end>");
  other.send(request("/again", ""));         // idle connections stay
  CHECK(other.read("[/again]").find("[/again]") != std::string::npos);
}

TEST_CASE("PluginServer.BadRequestsGetAnErrorAndTheSocketGoesOnServing") {
  Served served({.bodyBytes = 1000, .headerBytes = 2000});
  const auto [bytes, status] = GENERATE(table<std::string, std::string>({
      {"nonsense\r\n\r\n", "400"},
      {"POST /x HTTP/1.1\r\nContent-Length: many\r\n\r\n", "400"},
      {"POST /x HTTP/1.1\r\nContent-Length: 100000\r\n\r\n", "413"},
      {"POST /x HTTP/1.1\r\nX: " + std::string(5000, 'x') + "\r\n\r\n", "413"},
  }));
  CAPTURE(bytes.substr(0, 60));
  const Client bad(served.path);
  bad.send(bytes);
  const std::string answer = bad.read("<end>");
  CHECK(answer.find("HTTP/1.1 " + status) == 0);
  CHECK(answer.find("\"Err\"") != std::string::npos);
  {
    const Client gone(served.path);  // dockerd's probe: connects and goes
  }
  const Client good(served.path);
  good.send(request("/good", ""));
  CHECK(good.read("[/good]").find("[/good]") != std::string::npos);
}

TEST_CASE("PluginServer.TakesOverADeadSocketAndNotALiveOne") {
  Served served({});
  docker::PluginServer second(served.io, &Served::echo);
  CHECK_FALSE(second.listen(served.path));
  const std::string dead = served.path + ".dead";
  {
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    dead.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    close(fd);
  }
  CHECK(second.listen(dead));
  unlink(dead.c_str());
}
