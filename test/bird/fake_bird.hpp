#pragma once
// A BIRD whose replies the test scripts, in this process or in a child process.

#include "bird/bird_routing.hpp"
#include "io/file.hpp"
#include "support/build.hpp"
#include "support/catch.hpp"
#include "support/run_until.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace bgplb::test::fake_bird {

using namespace bgplb::bird;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using Local = asio::local::stream_protocol;
using Clock = std::chrono::steady_clock;

inline constexpr const char* kTemplate = PROJECT_SOURCE_DIR "/bird-templates/bird.conf.mustache";
inline const std::string kDone = "0002-Reading configuration\n0003 Reconfigured\n";
inline const std::string kInProgress =
    "0002-Reading configuration\n0004 Reconfiguration in progress\n";
inline const std::string kQueued =
    "0002-Reading configuration\n0005 Reconfiguration already in progress\n";
inline const std::string kRefused =
    "0002-Reading configuration\n8002 bird.conf:4:82 syntax error\n";

class FakeBird {
 public:
  FakeBird(asio::io_context& io, const std::string& path) : acceptor_(io, Local::endpoint(path)) {
    accept();
  }

  std::deque<std::string> configureReplies;  // when empty: kDone
  std::deque<std::string> statusReplies;     // to `configure status`
  std::string statusReply =
      "0003-Daemon is up and running\n0000 \n";  // when statusReplies is empty
  bool silent = false;                // holds the replies to `configure` back until speak()
  bool deaf = false;                  // sends no reply and no greeting
  std::vector<std::string> commands;  // all commands except the polls of the sessions
  std::function<void(const std::string&)> onCommand;  // called with each of `commands`
  Clock::time_point lastConfigure;

  long configures() const { return std::count(commands.begin(), commands.end(), "configure"); }
  void speak() {
    silent = false;
    if (waiting_) answer(*std::exchange(waiting_, nullptr), nextOf(configureReplies, kDone));
  }

 private:
  struct Session {
    explicit Session(Local::socket connected) : socket(std::move(connected)) {}
    Local::socket socket;
    std::string input;
  };
  using SessionPtr = std::shared_ptr<Session>;

  static std::string nextOf(std::deque<std::string>& replies, const std::string& fallback) {
    if (replies.empty()) return fallback;
    auto reply = replies.front();
    replies.pop_front();
    return reply;
  }

  void accept() {
    acceptor_.async_accept([this](const boost::system::error_code& error, Local::socket socket) {
      if (error) return;
      const auto session = std::make_shared<Session>(std::move(socket));
      if (!deaf) answer(*session, "0001 BIRD 2.17.5 ready.\n");
      read(session);
      accept();
    });
  }
  void read(const SessionPtr& session) {
    asio::async_read_until(session->socket, asio::dynamic_buffer(session->input), '\n',
                           [this, session](const boost::system::error_code& error, std::size_t n) {
                             if (error) return;
                             const auto line = session->input.substr(0, n - 1);
                             session->input.erase(0, n);
                             onLine(session, line);
                             read(session);
                           });
  }
  void onLine(const SessionPtr& session, const std::string& line) {
    if (deaf) return;
    if (line.starts_with("show protocols")) return answer(*session, "8003 No protocols match\n");
    if (line == "show status") return answer(*session, "1000-BIRD\n0013 Daemon is up\n");
    commands.push_back(line);
    if (onCommand) onCommand(line);
    if (line == "configure status") {
      return answer(*session, nextOf(statusReplies, statusReply));
    }
    if (line != "configure") return answer(*session, "9001 what?\n");
    lastConfigure = Clock::now();
    if (silent) {
      waiting_ = session;
    } else {
      answer(*session, nextOf(configureReplies, kDone));
    }
  }
  static void answer(Session& session, const std::string& text) {
    boost::system::error_code ignored;  // the client may have closed the connection
    asio::write(session.socket, asio::buffer(text), ignored);
  }

  Local::acceptor acceptor_;
  SessionPtr waiting_;
};

// A FakeBird in a child process, which a test can stop and kill.
class FakeBirdProcess {
 public:
  FakeBirdProcess(const std::string& path, const std::function<void(FakeBird&)>& prepare) {
    int ready[2];
    if (pipe(ready) != 0) throw std::runtime_error("pipe");
    pid_ = fork();
    if (pid_ < 0) throw std::runtime_error("fork");
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::signal(SIGTERM, SIG_DFL);  // Catch2 handles it
      asio::io_context io;
      FakeBird bird(io, path);
      prepare(bird);
      close(ready[0]);
      close(ready[1]);
      io.run();
      _exit(0);
    }
    close(ready[1]);
    char byte = 0;
    (void)!::read(ready[0], &byte, 1);  // returns at the child's close(2)
    close(ready[0]);
  }
  FakeBirdProcess(const FakeBirdProcess&) = delete;
  FakeBirdProcess& operator=(const FakeBirdProcess&) = delete;
  ~FakeBirdProcess() {
    if (!alive()) return;
    ::kill(pid_, SIGKILL);
    (void)::waitpid(pid_, nullptr, 0);
  }

  pid_t pid() const { return pid_; }
  bool alive() {
    if (pid_ > 0 && ::waitpid(pid_, &status_, WNOHANG) == pid_) pid_ = 0;
    return pid_ > 0;
  }
  // After the end of the process; -1 if a signal ended it.
  int exitCode() const { return WIFEXITED(status_) ? WEXITSTATUS(status_) : -1; }

 private:
  pid_t pid_ = 0;
  int status_ = 0;
};

struct Lab {
  Lab() {
    std::string pattern = std::filesystem::temp_directory_path() / "bgplb-bird-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder = pattern;
  }
  Lab(const Lab&) = delete;
  Lab& operator=(const Lab&) = delete;
  ~Lab() {
    routing.reset();
    test::runReady(io);
    std::filesystem::remove_all(folder);
  }

  static core::RoutingConfig model() {
    core::RoutingConfig made;
    made.routerId = ip("192.168.8.40");
    made.localAs = 65534;
    made.listenPort = 1790;
    return made;
  }
  std::string control() const { return folder + "/bird.ctl"; }
  void newController(const core::RoutingConfig& wanted = model()) {
    const BirdOptions options{binary, folder, kTemplate, "", "true"};  // no sessions to change
    routing = std::make_unique<BirdRouting>(io, options);
    REQUIRE(routing->setModel(wanted).has_value());
    routing->start();
  }
  // Starts BIRD and a controller with `routes`; returns when BIRD has read them.
  void settle(const std::set<Prefix>& routes) {
    bird = std::make_unique<FakeBird>(io, control());
    newController();
    for (const auto& route : routes) routing->announce(route);
    routing->routesComplete();
    REQUIRE(eventually([&] { return !pending() && !bird->commands.empty(); }));
    bird->commands.clear();
  }
  bool pending() const { return std::filesystem::exists(folder + "/bird.pending"); }
  std::string file(const std::string& name) const {
    return io::readFile(folder + "/" + name).value();
  }
  template <typename Condition>
  bool eventually(Condition condition) {
    return runUntil(io, condition);
  }

  asio::io_context io;
  std::string folder;
  std::string binary = "/nonexistent/bird";
  std::unique_ptr<FakeBird> bird;
  std::unique_ptr<BirdRouting> routing;
};

inline const Prefix kVip = net("10.0.0.101/32");
inline const Prefix kOther = net("10.0.0.102/32");

}  // namespace bgplb::test::fake_bird
