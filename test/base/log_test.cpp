#include "base/log.hpp"

#include "support/catch.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <string>

using namespace bgplb;

namespace {

struct Pipe {
  int read = -1;
  int write = -1;

  Pipe() {
    std::array<int, 2> ends{};
    REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
    read = ends[0];
    write = ends[1];
  }
  ~Pipe() {
    close(read);
    close(write);
  }
  void fill() const {
    const std::string chunk(4096, 'x');
    fcntl(write, F_SETFL, O_NONBLOCK);
    while (::write(write, chunk.data(), chunk.size()) > 0) {
    }
    fcntl(write, F_SETFL, 0);
  }
  bool readableWithin(int milliseconds) const {
    pollfd wait{.fd = read, .events = POLLIN, .revents = 0};
    return poll(&wait, 1, milliseconds) == 1;
  }
};

// Runs `body` in a child process whose standard error is `err`.
template <typename Body>
pid_t inChild(const Pipe& err, Body body) {
  const pid_t pid = fork();
  if (pid != 0) return pid;
  dup2(err.write, STDERR_FILENO);
  body();
  _exit(0);
}

}  // namespace

TEST_CASE("Log.StopsWithinTwoSeconds_WhileNoProcessReads") {
  const Pipe err;
  const Pipe stopped;
  err.fill();
  int lines = 0;
  SECTION("one line") { lines = 1; }
  SECTION("more lines than the queue holds") { lines = 3000; }
  const pid_t child = inChild(err, [&] {
    log::start(log::Level::Info);
    for (int i = 0; i < lines; ++i) log::info("line {}", i);
    log::stop();
    (void)!write(stopped.write, "x", 1);
  });
  CHECK(stopped.readableWithin(2000));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

TEST_CASE("Log.WritesTheQueuedLinesBeforeItStops") {
  const Pipe err;
  const pid_t child = inChild(err, [] {
    log::start(log::Level::Info);
    for (int i = 0; i < 100; ++i) log::info("line {}\n\x1b[2J", i);
    log::debug("not this one");
    log::stop();
  });
  CHECK(waitpid(child, nullptr, 0) == child);
  std::string text(100000, ' ');
  const ssize_t got = read(err.read, text.data(), text.size());
  REQUIRE(got > 0);
  text.resize(static_cast<std::size_t>(got));
  CHECK(std::count(text.begin(), text.end(), '\n') == 100);
  CHECK(text.find(" info line 99\\x0a\\x1b[2J\n") != std::string::npos);
  CHECK(text.find("not this one") == std::string::npos);
}
