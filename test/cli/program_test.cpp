// Runs the program as its users do. On every error it must write one line to standard error and
// exit with a status, never by a signal.

#include "support/catch.hpp"
#include "support/unix_peer.hpp"

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>

using namespace bgplb::test;
using namespace std::chrono_literals;

namespace {

struct Outcome {
  int status = -1;  // exit status; -1: ended by a signal, or killed at the deadline
  std::string out;
  std::string err;
};

struct Pipe {
  bgplb::io::Descriptor read;
  bgplb::io::Descriptor write;
  Pipe() {
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    read.reset(ends[0]);
    write.reset(ends[1]);
  }
};

// `prepare` runs in the child, before exec.
Outcome run(
    const std::vector<std::string>& arguments, const std::function<void()>& prepare = [] {}) {
  std::vector<std::string> words{BGPLB_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  Pipe out;
  Pipe err;
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    dup2(out.write.get(), STDOUT_FILENO);
    dup2(err.write.get(), STDERR_FILENO);
    close_range(3, ~0U, 0);  // descriptors inherited from the shell that started the tests
    prepare();
    execv(argv[0], argv.data());
    _exit(126);
  }
  out.write.reset();
  err.write.reset();
  Outcome outcome;
  // Both pipes are closed when the program ends. A program that hangs is killed.
  const auto end = std::chrono::steady_clock::now() + 20s;
  pollfd both[] = {{out.read.get(), POLLIN, 0}, {err.read.get(), POLLIN, 0}};
  std::string* const texts[] = {&outcome.out, &outcome.err};
  while (both[0].fd >= 0 || both[1].fd >= 0) {
    if (std::chrono::steady_clock::now() > end) kill(child, SIGKILL);
    poll(both, 2, 100);
    for (std::size_t i = 0; i < 2; ++i) {
      char chunk[4096];
      if (both[i].fd < 0 || both[i].revents == 0) continue;
      const ssize_t got = read(both[i].fd, chunk, sizeof chunk);
      if (got <= 0) both[i].fd = -1;
      if (got > 0) texts[i]->append(chunk, static_cast<std::size_t>(got));
    }
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  if (WIFEXITED(status)) outcome.status = WEXITSTATUS(status);
  return outcome;
}

bool isOneLine(const std::string& text) {
  return !text.empty() && text.find('\n') == text.size() - 1;
}

// Answers each connection with the same bytes.
struct Server {
  SocketPath socket{"plugin"};
  UnixListener listener{socket.path};
  std::atomic<bool> stop = false;
  std::thread thread;

  explicit Server(std::string bytes, bool holds = false)
      : thread([this, bytes = std::move(bytes), holds] {
          std::vector<UnixPeer> held;
          while (!stop) {
            auto peer = listener.accept(20);
            if (peer.fd() < 0) continue;
            peer.read("\r\n\r\n");
            peer.send(bytes);
            if (holds) held.push_back(std::move(peer));
          }
        }) {}
  ~Server() {
    stop = true;
    thread.join();
  }
};

const std::string kGoodPage = R"({"version":"1.0.0","bird":{"version":"2.17"}})";

}  // namespace

TEST_CASE("program: a wrong command line prints one line and exits with 2") {
  const std::vector<std::string> arguments = GENERATE(
      std::vector<std::string>{}, std::vector<std::string>{"nonsense"},
      std::vector<std::string>{"status", "--nonsense"}, std::vector<std::string>{"status", "extra"},
      std::vector<std::string>{"status", "--socket"},
      std::vector<std::string>{"status", "--timeout", "soon"},
      std::vector<std::string>{"status", "--timeout", "-1"},
      std::vector<std::string>{"status", "run"}, std::vector<std::string>{"bad\nname\x1b[2J"},
      std::vector<std::string>{"run", "--nonsense"},
      std::vector<std::string>{"run", "--socket", std::string(108, 'x')},
      std::vector<std::string>{"run", "--engine", std::string(108, 'x')},
      std::vector<std::string>{"run", "--engine", ""},
      std::vector<std::string>{"run", "--run-dir", "/" + std::string(99, 'x')});
  const auto outcome = run(arguments);
  CAPTURE(arguments, outcome.err);
  CHECK(outcome.status == 2);
  CHECK(isOneLine(outcome.err));
  CHECK(outcome.err.starts_with("bgplb: "));
  CHECK(outcome.out.empty());
}

TEST_CASE("program: help and version are not errors") {
  const std::vector<std::string> arguments = GENERATE(
      std::vector<std::string>{"--help"}, std::vector<std::string>{"--version"},
      std::vector<std::string>{"status", "--help"}, std::vector<std::string>{"run", "--help"});
  const auto outcome = run(arguments);
  CHECK(outcome.status == 0);
  CHECK(outcome.err.empty());
  CHECK_FALSE(outcome.out.empty());
}

TEST_CASE("program: status with an unusable socket prints one line and exits with 1") {
  SocketPath dead("dead");
  { const UnixListener gone(dead.path); }
  const std::string file = std::string(TEST_SOURCE_DIR) + "/README.md";
  for (const auto& path :
       {dead.path, file, std::string("/tmp"), std::string("/nonexistent/socket"),
        std::string(108, 'x'), std::string(5000, 'x'), std::string("\n\x1b[2J")}) {
    const auto outcome = run({"status", "--socket", path});
    CAPTURE(path.substr(0, 100), outcome.err);
    CHECK(outcome.status == 1);
    CHECK(isOneLine(outcome.err));
    CHECK(outcome.err.find('\x1b') == std::string::npos);
    CHECK(outcome.out.empty());
  }
}

TEST_CASE("program: status with an invalid answer prints one line and exits with 1") {
  const auto [answer, part] = GENERATE(table<std::string, std::string>({
      {"", "end of stream"},
      {"nonsense\r\n\r\n", "bad version"},
      {httpAnswer("OK"), "not a status page"},
      {httpAnswer("[]"), "not a status page"},
      {httpAnswer(R"({"vips":1})"), "vips is not a list"},
      {httpAnswer(std::string(100'000, '[')), "not a status page"},
      {httpAnswer("gone\n\x1b[2J", "404 Not Found"), "status 404: gone\\x0a\\x1b[2J"},
      {httpAnswer(R"({"error":"the reason"})", "500 No"), "status 500: the reason\n"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n", "body limit"},
  }));
  const Server server(answer);
  for (const bool json : {false, true}) {
    std::vector<std::string> arguments{"status", "--socket", server.socket.path};
    if (json) arguments.emplace_back("--json");
    const auto outcome = run(arguments);
    CAPTURE(json, answer.substr(0, 60), outcome.err);
    CHECK(outcome.status == 1);
    CHECK(isOneLine(outcome.err));
    CHECK(outcome.err.find(part) != std::string::npos);
    CHECK(outcome.out.empty());
  }
}

TEST_CASE("program: status ends at the deadline if the plugin does not answer") {
  const Server server("HTTP/1.1 200 OK\r\n", true);
  const auto outcome = run({"status", "--socket", server.socket.path, "--timeout", "0.2"});
  CHECK(outcome.status == 1);
  CHECK(outcome.err == "bgplb: " + server.socket.path + ": /status: no answer in time\n");
}

TEST_CASE("program: status prints the page, or one line if it cannot") {
  const Server server(httpAnswer(kGoodPage));
  const std::vector<std::string> json{"status", "--json", "--socket", server.socket.path};
  CHECK(run(json).out == kGoodPage + "\n");
  CHECK(run({"status", "--socket", server.socket.path}).out.find("bird 2.17") != std::string::npos);

  const auto [name, prepare] = GENERATE(table<std::string, void (*)()>({
      {"closed", [] { close(STDOUT_FILENO); }},
      {"full disk", [] { dup2(open("/dev/full", O_WRONLY), STDOUT_FILENO); }},
      {"reader gone",
       [] {
         int ends[2];
         if (pipe(ends) != 0) _exit(126);
         dup2(ends[1], STDOUT_FILENO);
         close(ends[0]);
         close(ends[1]);
       }},
      {"descriptors 0 to 2 closed", [] { close_range(0, 2, 0); }},
  }));
  const auto outcome = run(json, prepare);
  CAPTURE(name, outcome.err);
  CHECK(outcome.status == 1);
  CHECK(outcome.out.empty());
  if (name != "descriptors 0 to 2 closed") {
    CHECK(isOneLine(outcome.err));
    CHECK(outcome.err.starts_with("bgplb: cannot write to standard output: "));
  }
}

// The start of the program uses descriptor 3. Its event loop needs one more.
TEST_CASE("program: an exception prints one line and exits with 70") {
  const auto outcome = run({"status", "--socket", "/nonexistent"}, [] {
    const rlimit few{4, 4};
    setrlimit(RLIMIT_NOFILE, &few);
  });
  CHECK(outcome.status == 70);
#ifndef BGPLB_SANITIZED  // UBSan cannot inspect an object without descriptors, and says so
  CHECK(isOneLine(outcome.err));
#endif
}
