// BirdRouting against a BIRD that answers as told, in this process: when it is told what, and when
// not.
#include "bird/bird_routing.hpp"

#include "bird/daemon.hpp"
#include "io/file.hpp"
#include "support/build.hpp"
#include "support/catch.hpp"
#include "support/run_until.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>

using namespace bgplb;
using namespace bgplb::bird;
using namespace std::chrono_literals;
using bgplb::test::ip;
using bgplb::test::net;
using bgplb::test::runUntil;

namespace {

namespace asio = boost::asio;
using Local = asio::local::stream_protocol;
using Clock = std::chrono::steady_clock;

constexpr const char* kTemplate = PROJECT_SOURCE_DIR "/bird-templates/bird.conf.mustache";
const std::string kDone = "0002-Reading configuration\n0003 Reconfigured\n";
const std::string kInProgress = "0002-Reading configuration\n0004 Reconfiguration in progress\n";
const std::string kQueued =
    "0002-Reading configuration\n0005 Reconfiguration already in progress\n";
const std::string kRefused = "0002-Reading configuration\n8002 bird.conf:4:82 syntax error\n";

class FakeBird {
 public:
  FakeBird(asio::io_context& io, const std::string& path) : acceptor_(io, Local::endpoint(path)) {
    accept();
  }

  std::deque<std::string> configureReplies;  // when empty: done
  std::deque<std::string> statusReplies;     // to `configure status`; when empty: running
  bool silent = false;                       // answers to `configure` are kept back
  std::vector<std::string> commands;         // all but the looks at the sessions
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

  static std::string nextOf(std::deque<std::string>& replies, const std::string& otherwise) {
    if (replies.empty()) return otherwise;
    auto reply = replies.front();
    replies.pop_front();
    return reply;
  }

  void accept() {
    acceptor_.async_accept([this](const boost::system::error_code& error, Local::socket socket) {
      if (error) return;
      const auto session = std::make_shared<Session>(std::move(socket));
      answer(*session, "0001 BIRD 2.17.5 ready.\n");
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
    if (line.starts_with("show protocols")) return answer(*session, "8003 No protocols match\n");
    if (line == "show status") return answer(*session, "1000-BIRD\n0013 Daemon is up\n");
    commands.push_back(line);
    if (line == "configure status") {
      return answer(*session, nextOf(statusReplies, "0003-Daemon is up and running\n0000 \n"));
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
    boost::system::error_code ignored;  // the client may be gone
    asio::write(session.socket, asio::buffer(text), ignored);
  }

  Local::acceptor acceptor_;
  SessionPtr waiting_;
};

struct Lab {
  Lab() {
    std::string pattern = std::filesystem::temp_directory_path() / "bgplb-loop-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder = pattern;
    bird = std::make_unique<FakeBird>(io, folder + "/bird.ctl");
  }
  ~Lab() {
    routing.reset();
    test::runReady(io);
    std::filesystem::remove_all(folder);
  }

  static core::BirdModel model() {
    core::BirdModel made;
    made.routerId = ip("192.168.8.40");
    made.localAs = 65534;
    made.listenPort = 1790;
    return made;
  }
  void newController() {
    const BirdOptions options{"/nonexistent/bird", folder, kTemplate};
    routing = std::make_unique<BirdRouting>(io, options);
    REQUIRE(routing->setModel(model()).has_value());
    routing->start();
  }
  // BIRD has what is wanted, and the loop rests.
  void settle(const std::set<Prefix>& routes) {
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
  std::unique_ptr<FakeBird> bird;
  std::unique_ptr<BirdRouting> routing;
};

const Prefix kVip = net("10.0.0.101/32");
const Prefix kOther = net("10.0.0.102/32");

}  // namespace

TEST_CASE("RoutingLoop.ChangesWhileBirdIsBusyGoTogether", "[bird]") {
  Lab lab;
  lab.settle({});
  lab.bird->silent = true;
  lab.routing->announce(kVip);
  REQUIRE(lab.eventually([&] { return lab.bird->configures() == 1; }));
  for (int i = 0; i < 50; ++i) {
    lab.routing->announce(net(("10.1.0." + std::to_string(i) + "/32").c_str()));
    test::runReady(lab.io);
  }
  CHECK(lab.bird->configures() == 1);
  CHECK(lab.file("vips4.conf") == "route 10.0.0.101/32 blackhole;\n");
  lab.bird->speak();
  REQUIRE(lab.eventually([&] { return lab.bird->configures() == 2 && !lab.pending(); }));
  const auto text = lab.file("vips4.conf");
  CHECK(std::count(text.begin(), text.end(), '\n') == 51);
}

// One change after the other, each of which would do for a reconfiguration.
TEST_CASE("RoutingLoop.ChangesThatCrowdGoTogether", "[bird]") {
  Lab lab;
  lab.settle({});
  const auto began = Clock::now();
  long changes = 0;
  while (Clock::now() - began < 300ms) {
    const auto vip = fmt::format("10.1.{}.{}/32", changes / 250, changes % 250);
    lab.routing->announce(net(vip.c_str()));
    ++changes;
    const auto before = lab.bird->configures();
    runUntil(lab.io, [&] { return lab.bird->configures() > before; }, 1ms);
  }
  REQUIRE(changes > 50);
  const auto told = [&lab] {
    const auto text = lab.file("vips4.conf");
    return std::count(text.begin(), text.end(), '\n');
  };
  REQUIRE(lab.eventually([&] { return told() == changes; }));
  // The pause between two grows to 20 ms.
  CHECK(lab.bird->configures() <= 10 + (Clock::now() - began) / 20ms);
}

TEST_CASE("RoutingLoop.NothingIsTold_WhenNothingChanged", "[bird]") {
  Lab lab;
  lab.settle({kVip});
  lab.routing->announce(kVip);
  lab.routing->withdraw(kOther);
  lab.routing->withdraw(kVip);
  lab.routing->announce(kVip);  // before anybody looked
  REQUIRE(lab.routing->setModel(Lab::model()).has_value());
  test::runReady(lab.io);
  CHECK(lab.bird->commands.empty());
}

TEST_CASE("RoutingLoop.AnotherBandwidthIsAChange_TheSameIsNone", "[bird]") {
  Lab lab;
  lab.settle({kOther});
  lab.routing->announce(kVip, core::linkBandwidth(1, 1));
  REQUIRE(lab.eventually([&] { return lab.bird->configures() == 1 && !lab.pending(); }));
  lab.routing->announce(kVip, core::linkBandwidth(1, 1));
  test::runReady(lab.io);
  CHECK(lab.bird->configures() == 1);

  lab.routing->announce(kVip, core::linkBandwidth(2, 1));
  REQUIRE(lab.eventually([&] { return lab.bird->configures() == 2 && !lab.pending(); }));
  CHECK(lab.file("vips4.conf") ==
        "route 10.0.0.101/32 blackhole { bgp_ext_community.add((generic, 0x0004fffe, 0x40000000)); };\n"
        "route 10.0.0.102/32 blackhole;\n");
  CHECK(lab.routing->mayBeAnnounced(kVip));
  lab.routing->announce(kVip);
  REQUIRE(lab.eventually([&] { return lab.bird->configures() == 3 && !lab.pending(); }));
  CHECK(lab.file("vips4.conf") ==
        "route 10.0.0.101/32 blackhole;\nroute 10.0.0.102/32 blackhole;\n");
}

TEST_CASE("RoutingLoop.ARouteWithABandwidthIsKnownToTheNextController", "[bird]") {
  Lab lab;
  lab.settle({});
  lab.routing->announce(kVip, core::linkBandwidth(2, 1));
  REQUIRE(lab.eventually([&] { return lab.bird->configures() == 1 && !lab.pending(); }));
  lab.newController();
  CHECK(lab.routing->mayBeAnnounced(kVip));
  lab.routing->announce(kVip, core::linkBandwidth(2, 1));
  lab.routing->routesComplete();
  test::runReady(lab.io);
  CHECK(lab.bird->configures() == 1);  // the file says it already
  lab.routing->withdraw(kVip);
  REQUIRE(lab.eventually([&] { return !lab.routing->mayBeAnnounced(kVip); }));
  CHECK(lab.file("vips4.conf").empty());
}

TEST_CASE("RoutingLoop.WhileBirdReconfigures_ItIsOnlyAsked", "[bird]") {
  for (const auto& first : {kInProgress, kQueued}) {
    Lab lab;
    lab.settle({});
    lab.bird->configureReplies = {first};
    lab.bird->statusReplies = {"0005-one more\n0000 \n", "0004-in progress\n0000 \n",
                               "0004-in progress\n0022-Undo in 3 s\n0000 \n"};
    lab.routing->announce(kVip);
    REQUIRE(lab.eventually([&] { return !lab.bird->commands.empty(); }));
    lab.routing->announce(kOther);
    REQUIRE(lab.eventually([&] { return lab.bird->configures() == 2 && !lab.pending(); }));
    CHECK(lab.bird->commands == std::vector<std::string>{"configure", "configure status",
                                                         "configure status", "configure status",
                                                         "configure status", "configure"});
  }
}

TEST_CASE("RoutingLoop.AWithdrawalIsConfirmedByBirdOnly", "[bird]") {
  Lab lab;
  lab.settle({kVip, kOther});
  int confirmations = 0;
  lab.routing->onConfirmed([&] { ++confirmations; });
  lab.bird->silent = true;
  lab.routing->withdraw(kVip);
  REQUIRE(lab.eventually([&] { return lab.bird->configures() == 1; }));
  lab.routing->withdraw(kOther);  // not in what BIRD reads now
  CHECK(lab.routing->mayBeAnnounced(kVip));
  CHECK(confirmations == 0);
  lab.bird->silent = false;
  lab.bird->speak();
  lab.bird->silent = true;
  REQUIRE(lab.eventually([&] { return confirmations == 1; }));
  CHECK_FALSE(lab.routing->mayBeAnnounced(kVip));
  CHECK(lab.routing->mayBeAnnounced(kOther));
  REQUIRE(lab.eventually([&] { return lab.bird->configures() == 2; }));
  lab.routing->announce(kOther);  // wanted again, before BIRD confirmed
  lab.bird->speak();
  REQUIRE(lab.eventually([&] { return lab.bird->configures() == 3 && !lab.pending(); }));
  CHECK(lab.routing->mayBeAnnounced(kOther));
  CHECK(confirmations == 1);
}

TEST_CASE("RoutingLoop.ANewControllerTellsNothing_WhenBirdHasReadTheFiles", "[bird]") {
  Lab lab;
  lab.settle({kVip});
  lab.newController();
  CHECK(lab.routing->mayBeAnnounced(kVip));  // until it is known to be wanted or not
  lab.routing->announce(kVip);
  lab.routing->routesComplete();
  bool answered = false;
  const auto status = [&]() -> Task<> {
    (void)co_await lab.routing->status();
    answered = true;
  };
  asio::co_spawn(lab.io, status(), [](std::exception_ptr) {});
  REQUIRE(lab.eventually([&] { return answered; }));
  CHECK(lab.bird->commands.empty());
}

TEST_CASE("RoutingLoop.ANewControllerTellsAll_WhenItIsNotSureWhatBirdHasRead", "[bird]") {
  Lab lab;
  lab.settle({kVip});
  std::ofstream(lab.folder + "/bird.pending").flush();
  lab.newController();
  lab.routing->announce(kVip);
  test::runReady(lab.io);
  CHECK(lab.bird->commands.empty());  // the routes are not complete
  lab.routing->routesComplete();
  REQUIRE(lab.eventually([&] { return lab.bird->configures() == 1 && !lab.pending(); }));
}

TEST_CASE("RoutingLoop.RefusedMainFile_RoutesGoOnWithTheFormerOne", "[bird]") {
  Lab lab;
  lab.settle({kVip});
  const auto good = lab.file("bird.conf");
  auto model = Lab::model();
  model.holdTime = 30s;
  lab.bird->configureReplies = {kRefused};
  REQUIRE(lab.routing->setModel(model).has_value());
  lab.routing->announce(kOther);
  REQUIRE(lab.eventually([&] { return lab.bird->configures() == 2 && !lab.pending(); }));
  CHECK(lab.file("bird.conf") == good);
  CHECK(lab.file("vips4.conf").find("10.0.0.102/32") != std::string::npos);
  // The same again is not worth a try; a different one is.
  REQUIRE(lab.routing->setModel(model).has_value());
  test::runReady(lab.io);
  CHECK(lab.bird->configures() == 2);
  model.holdTime = 60s;
  REQUIRE(lab.routing->setModel(model).has_value());
  REQUIRE(lab.eventually([&] { return lab.bird->configures() == 3 && !lab.pending(); }));
  CHECK(lab.file("bird.conf").find("hold time 60;") != std::string::npos);
}

TEST_CASE("RoutingLoop.RefusedRoutes_AreTriedAgainWithTheNextChange", "[bird]") {
  Lab lab;
  lab.settle({kVip});
  lab.bird->configureReplies = {kRefused};
  lab.routing->withdraw(kVip);
  REQUIRE(lab.eventually([&] { return lab.bird->configures() == 1 && !lab.pending(); }));
  CHECK(lab.routing->mayBeAnnounced(kVip));
  CHECK(lab.file("vips4.conf").find("10.0.0.101/32") != std::string::npos);
  lab.routing->announce(kOther);
  REQUIRE(lab.eventually([&] { return lab.bird->configures() == 2 && !lab.pending(); }));
  CHECK_FALSE(lab.routing->mayBeAnnounced(kVip));
  CHECK(lab.file("vips4.conf") == "route 10.0.0.102/32 blackhole;\n");
}

// `test_unit "[.figures]"`: from announce() to the command's arrival at the other end of the
// socket.
TEST_CASE("RoutingLoop.TimeToTheCommand", "[.figures]") {
  for (const int count : {1, 100, 1000}) {
    Lab lab;
    std::set<Prefix> routes;
    for (int i = 0; i < count; ++i) {
      routes.insert(
          net(("10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250) + "/32").c_str()));
    }
    lab.settle(routes);
    std::vector<std::int64_t> times;
    for (int i = 0; i < 400; ++i) {
      const auto before = lab.bird->configures();
      const auto begin = Clock::now();
      if (i % 2 == 0) lab.routing->announce(kVip);
      if (i % 2 == 1) lab.routing->withdraw(kVip);
      while (lab.bird->configures() == before) lab.io.poll();
      times.push_back((lab.bird->lastConfigure - begin) / 1us);
      REQUIRE(lab.eventually([&] { return !lab.pending(); }));
    }
    std::sort(times.begin(), times.end());
    std::cout << count << " routes: median " << times[200] << " us, 90% " << times[360] << " us\n";
  }
}
