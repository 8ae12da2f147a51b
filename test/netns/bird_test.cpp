// BirdRouting drives a real BIRD in one namespace; another BIRD, in another namespace, is its peer,
// and what counts is what that one has received.
#include "bird/bird_routing.hpp"

#include "bird/control_client.hpp"
#include "bird/daemon.hpp"
#include "bird/launch.hpp"
#include "base/log.hpp"
#include "io/file.hpp"
#include "support/build.hpp"
#include "support/catch.hpp"
#include "support/run_until.hpp"
#include "support/scoped_netns.hpp"

#include <boost/asio/co_spawn.hpp>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <thread>

using namespace bgplb;
using namespace bgplb::bird;
using namespace std::chrono_literals;
using bgplb::test::ip;
using bgplb::test::net;
using bgplb::test::runUntil;

namespace {

namespace asio = boost::asio;

constexpr const char* kTemplate = PROJECT_SOURCE_DIR "/bird-templates/bird.conf.mustache";
constexpr auto kPatience = 20s;

const Prefix kVip4 = net("10.0.0.101/32");
const Prefix kOther4 = net("10.0.0.102/32");
const Prefix kVip6 = net("2001:db8:0:1::101/128");

// The BIRD under test; the peer is always the one in PATH.
std::string birdUnderTest() {
  const char* chosen = std::getenv("BGPLB_BIRD");
  return chosen != nullptr ? chosen : "bird";
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = std::filesystem::temp_directory_path() / "bgplb-bird-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

template <typename T>
T await(asio::io_context& io, Task<T> task) {
  std::optional<T> result;
  std::exception_ptr failure;
  asio::co_spawn(io, std::move(task), [&](std::exception_ptr error, T value) {
    failure = error;
    result.emplace(std::move(value));
  });
  REQUIRE(runUntil(
      io, [&] { return result.has_value(); }, kPatience));
  if (failure) std::rethrow_exception(failure);
  return std::move(*result);
}

void await(asio::io_context& io, Task<> task) {
  bool done = false;
  asio::co_spawn(io, std::move(task), [&](std::exception_ptr error) {
    done = true;
    if (error) std::rethrow_exception(error);
  });
  REQUIRE(runUntil(
      io, [&] { return done; }, kPatience));
}

pid_t pidIn(const std::string& file) {
  const auto text = io::readFile(file);
  return text ? static_cast<pid_t>(std::strtol(text->c_str(), nullptr, 10)) : 0;
}

void endProcess(pid_t pid) {
  if (pid <= 1 || ::kill(pid, SIGKILL) != 0) return;
  const auto end = std::chrono::steady_clock::now() + kPatience;
  // It is nobody's child here, so it may stay a zombie until PID 1 looks.
  const auto state = "/proc/" + std::to_string(pid) + "/stat";
  while (std::chrono::steady_clock::now() < end) {
    const auto text = io::readFile(state);
    if (!text || text->find(") Z") != std::string::npos) return;
    std::this_thread::yield();
  }
}

struct Received {
  std::map<std::string, std::string> nextHops;  // prefix -> as BIRD shows it
  std::string attributes;                       // of all routes
  int updates = 0;
  int withdrawals = 0;
  bool established = false;
};

// A router: takes every route, sends none, keeps them for a peer that restarts (BIRD's default).
class Router {
 public:
  Router(asio::io_context& io, const test::Netns& where, const std::string& session)
      : io_(io), client_(io) {
    std::ofstream(folder_ / "bird.conf")
        << "log stderr all;\nrouter id 10.77.0.2;\nprotocol device lb_device { }\n"
           "protocol bgp lb_us {\n  connect delay time 1;\n  hold time 90;\n"
        << session
        << "\n  ipv4 { import all; export none; };\n  ipv6 { import all; export none; };\n}\n";
    const std::vector<std::string> argv = {
        "nsenter", "--net=" + where.path(), "bird", "-f",
        "-c",      folder_ / "bird.conf",   "-s",   folder_ / "bird.ctl",
        "-P",      folder_ / "bird.pid"};
    pid_ = launchDetached(argv, STDERR_FILENO).value();
    const auto connected = [this] {
      return await(io_, client_.connect(folder_ / "bird.ctl", 2s)).has_value();
    };
    REQUIRE(runUntil(io_, connected, kPatience));
  }
  ~Router() { endProcess(pid_); }

  Received received() {
    Received seen;
    std::string prefix;
    for (const auto& line : ask("show route all").lines) {
      const auto first = Prefix::parse(line.text.substr(0, line.text.find(' ')));
      if (first) prefix = first->toString();
      const auto hop = line.text.find("next_hop: ");
      if (hop != std::string::npos) seen.nextHops[prefix] = line.text.substr(hop + 10);
      seen.attributes += line.text + "\n";
    }
    for (const auto& line : ask("show protocols all lb_us").lines) {
      int count = 0;
      if (sscanf(line.text.c_str(), " Import updates: %d", &count) == 1) seen.updates += count;
      if (sscanf(line.text.c_str(), " Import withdraws: %d", &count) == 1) {
        seen.withdrawals += count;
      }
      if (line.text.find("BGP state:          Established") != std::string::npos) {
        seen.established = true;
      }
    }
    return seen;
  }
  bool has(const Prefix& prefix) { return received().nextHops.contains(prefix.toString()); }

 private:
  Reply ask(const std::string& command) {
    auto reply = await(io_, client_.command(command, 5s));
    REQUIRE(reply.has_value());
    return std::move(*reply);
  }

  TemporaryFolder folder_;
  asio::io_context& io_;
  ControlClient client_;
  pid_t pid_ = 0;
};

// Two namespaces and a cable. We are 10.77.0.1 and fd77::1, the router is .2.
struct Lab {
  Lab() {
    if (const char* level = std::getenv("BGPLB_TEST_LOG")) {
      log::start(log::parseLevel(level).value_or(log::Level::Info));
    }
    test::shell("ip link add us type veth peer name router");
    test::shell("ip link set router netns " + there.path());
    test::shell("ip addr add 10.77.0.1/24 dev us");
    test::shell("ip addr add fd77::1/64 dev us nodad");
    test::shell("ip link set us up");
    there.shell("ip link set lo up");
    there.shell("ip addr add 10.77.0.2/24 dev router");
    there.shell("ip addr add fd77::2/64 dev router nodad");
    there.shell("ip link set router up");
  }
  ~Lab() {
    routing.reset();
    endProcess(pidIn(run / "bird.pid"));
  }

  static std::string session4() {
    return "  local 10.77.0.2 as 65002;\n  neighbor 10.77.0.1 as 65001;\n";
  }

  static core::BirdModel model() {
    core::BirdModel made;
    made.routerId = ip("10.77.0.1");
    made.localAs = 65001;
    made.listenPort = 1790;
    made.peers.push_back({.address = ip("10.77.0.2"), .as = 65002});
    made.nextHop6.emplace_back(ip("fd77::1"));
    return made;
  }

  // A run of the program up to the point where all wanted prefixes are known.
  void runController(const core::BirdModel& wanted, const std::set<Prefix>& routes,
                     const std::string& templatePath = kTemplate) {
    const BirdOptions options{binary, run.path(), templatePath};
    routing = std::make_unique<BirdRouting>(io, options);
    REQUIRE(routing->setModel(wanted).has_value());
    routing->start();
    for (const auto& route : routes) routing->announce(route);
    routing->routesComplete();
  }

  template <typename Condition>
  bool eventually(Condition condition) {
    return runUntil(io, condition, kPatience);
  }
  std::optional<RoutingStatus> status() {
    auto asked = await(io, routing->status());
    return asked ? std::optional<RoutingStatus>(std::move(*asked)) : std::nullopt;
  }
  bool established() {
    const auto now = status();
    return now && now->peers.size() == 1 && now->peers[0].isEstablished();
  }
  int pid() {
    const auto now = status();
    return now ? now->pid : 0;
  }

  test::ScopedNetns here;
  test::Netns there;
  asio::io_context io;
  TemporaryFolder run;
  std::string binary = birdUnderTest();
  std::unique_ptr<BirdRouting> routing;
};

}  // namespace

TEST_CASE("Bird.PeerSeesPrefixesComeAndGo", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  lab.runController(Lab::model(), {kVip4});
  int confirmations = 0;
  lab.routing->onConfirmed([&] { ++confirmations; });
  REQUIRE(lab.eventually([&] { return router.has(kVip4); }));

  lab.routing->announce(kVip6);
  REQUIRE(lab.eventually([&] { return router.has(kVip6); }));
  const auto both = router.received();
  CHECK(both.nextHops.at(kVip4.toString()) == "10.77.0.1");
  // One address: no link-local one behind it.
  CHECK(both.nextHops.at(kVip6.toString()) == "fd77::1");
  CHECK(both.attributes.find("as_path: 65001\n") != std::string::npos);
  CHECK(both.attributes.find("origin: IGP\n") != std::string::npos);

  const auto status = lab.status();
  REQUIRE(status);
  REQUIRE(status->peers.size() == 1);
  CHECK(status->peers[0].address == "10.77.0.2");
  CHECK(status->peers[0].as == 65002);
  CHECK(status->peers[0].exported == std::set<Prefix>{kVip4, kVip6});
  CHECK(status->refused.empty());

  lab.routing->withdraw(kVip4);
  CHECK(lab.routing->mayBeAnnounced(kVip4));
  REQUIRE(lab.eventually([&] { return !lab.routing->mayBeAnnounced(kVip4); }));
  CHECK(confirmations == 1);
  REQUIRE(lab.eventually([&] { return !router.has(kVip4); }));
  const auto after = router.received();
  CHECK(after.nextHops.size() == 1);
  CHECK(after.withdrawals == 1);
  CHECK(after.updates == 2);
}

TEST_CASE("Bird.NoIpv6WithoutANextHop_AndSessionStaysWhenOneComes", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  auto model = Lab::model();
  model.nextHop6[0].reset();
  lab.runController(model, {kVip4, kVip6});
  REQUIRE(lab.eventually([&] { return router.has(kVip4); }));
  CHECK_FALSE(router.has(kVip6));
  const auto before = lab.status();

  model.nextHop6[0] = ip("fd77::1");
  REQUIRE(lab.routing->setModel(model).has_value());
  REQUIRE(lab.eventually([&] { return router.has(kVip6); }));
  CHECK(router.received().nextHops.at(kVip6.toString()) == "fd77::1");
  CHECK(lab.status()->peers[0].since == before->peers[0].since);
}

TEST_CASE("Bird.OverAnIpv6Session_BothFamiliesHaveTheirNextHop", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, "  local fd77::2 as 65002;\n  neighbor fd77::1 as 65001;\n");
  auto model = Lab::model();
  model.peers[0].address = ip("fd77::2");
  lab.runController(model, {kVip4, kVip6});
  REQUIRE(lab.eventually([&] { return router.has(kVip4) && router.has(kVip6); }));
  const auto seen = router.received();
  CHECK(seen.nextHops.at(kVip4.toString()) == "10.77.0.1");
  CHECK(seen.nextHops.at(kVip6.toString()) == "fd77::1");
}

TEST_CASE("Bird.InternalSession_HasAnEmptyPath", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, "  local 10.77.0.2 as 65001;\n  neighbor 10.77.0.1 as 65001;\n");
  auto model = Lab::model();
  model.peers[0].as = model.localAs;
  lab.runController(model, {kVip4, kVip6});
  REQUIRE(lab.eventually([&] { return router.has(kVip4) && router.has(kVip6); }));
  const auto seen = router.received();
  CHECK(seen.nextHops.at(kVip4.toString()) == "10.77.0.1");
  CHECK(seen.nextHops.at(kVip6.toString()) == "fd77::1");
  CHECK(seen.attributes.find("65001") == std::string::npos);
}

TEST_CASE("Bird.MultihopPeerIsReachedThroughAGateway", "[netns]") {
  Lab lab;
  lab.there.shell("ip addr add 10.78.0.1/32 dev lo");
  test::shell("ip route add 10.78.0.1/32 via 10.77.0.2");
  Router router(lab.io, lab.there,
                "  local 10.78.0.1 as 65002;\n  neighbor 10.77.0.1 as 65001;\n  multihop;\n");
  auto model = Lab::model();
  model.peers[0].address = ip("10.78.0.1");
  model.peers[0].multihop = true;
  lab.runController(model, {kVip4, kVip6});
  REQUIRE(lab.eventually([&] { return router.has(kVip4) && router.has(kVip6); }));
  const auto seen = router.received();
  CHECK(seen.nextHops.at(kVip4.toString()) == "10.77.0.1");
  CHECK(seen.nextHops.at(kVip6.toString()) == "fd77::1");
}

TEST_CASE("Bird.SessionWithPassword", "[netns]") {
  Lab lab;
  const std::string password = "a;b}c{d'e#f \\ {{x}}";
  Router router(lab.io, lab.there, Lab::session4() + "  password \"" + password + "\";\n");
  auto model = Lab::model();
  model.peers[0].password = Secret(password);
  lab.runController(model, {kVip4});
  REQUIRE(lab.eventually([&] { return router.has(kVip4); }));
  struct stat file {};
  REQUIRE(::stat((lab.run / "bird.conf").c_str(), &file) == 0);
  CHECK((file.st_mode & 0777) == 0600);
}

TEST_CASE("Bird.ControllerComesBack_NothingMoves", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  lab.runController(Lab::model(), {kVip4, kVip6});
  REQUIRE(lab.eventually([&] { return router.has(kVip4) && router.has(kVip6); }));
  const auto before = router.received();
  const auto beforeStatus = lab.status();

  lab.routing.reset();
  test::runReady(lab.io);
  lab.runController(Lab::model(), {kVip4, kVip6});
  REQUIRE(lab.eventually([&] { return lab.established(); }));
  // What a former run announced may be announced until the new one knows better.
  lab.routing->withdraw(kVip6);
  REQUIRE(lab.eventually([&] { return !lab.routing->mayBeAnnounced(kVip6); }));
  REQUIRE(lab.eventually([&] { return !router.has(kVip6); }));
  const auto after = router.received();
  CHECK(after.updates == before.updates);
  CHECK(after.withdrawals == before.withdrawals + 1);
  CHECK(lab.pid() == beforeStatus->pid);
  CHECK(lab.status()->peers[0].since == beforeStatus->peers[0].since);
}

TEST_CASE("Bird.ControllerComesBack_WithdrawsWhatIsNotWantedAnyMore", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  lab.runController(Lab::model(), {kVip4, kOther4});
  REQUIRE(lab.eventually([&] { return router.has(kVip4) && router.has(kOther4); }));

  lab.routing = nullptr;
  test::runReady(lab.io);
  const BirdOptions options{lab.binary, lab.run.path(), kTemplate};
  lab.routing = std::make_unique<BirdRouting>(lab.io, options);
  REQUIRE(lab.routing->setModel(Lab::model()).has_value());
  lab.routing->start();
  REQUIRE(lab.eventually([&] { return lab.established(); }));
  lab.routing->announce(kVip4);
  CHECK(lab.routing->mayBeAnnounced(kOther4));
  CHECK(router.received().withdrawals == 0);

  lab.routing->routesComplete();
  REQUIRE(lab.eventually([&] { return !lab.routing->mayBeAnnounced(kOther4); }));
  REQUIRE(lab.eventually([&] { return !router.has(kOther4); }));
  CHECK(router.has(kVip4));
  CHECK(router.received().updates == 2);
}

TEST_CASE("Bird.KilledAndReplaced_PeerKeepsTheRoutes", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  lab.runController(Lab::model(), {kVip4, kVip6});
  REQUIRE(lab.eventually([&] { return router.has(kVip4) && router.has(kVip6); }));
  REQUIRE(lab.eventually([&] { return io::readFile(lab.run / "bird.sessions").has_value(); }));
  const auto before = lab.pid();

  ::kill(before, SIGKILL);
  bool lost = false;
  const auto back = [&] {
    const auto seen = router.received();
    lost = lost || seen.nextHops.size() != 2;
    const auto now = lab.status();
    return seen.established && now && now->pid != before && now->peers.size() == 1 &&
           now->peers[0].isEstablished() && !now->recovering;
  };
  REQUIRE(lab.eventually(back));
  CHECK_FALSE(lost);
  lab.routing->withdraw(kVip6);
  REQUIRE(lab.eventually([&] { return !router.has(kVip6); }));
  CHECK(router.has(kVip4));
}

TEST_CASE("Bird.KilledAndReplaced_WhatWasWithdrawnMeanwhileIsConfirmedLate", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  lab.runController(Lab::model(), {kVip4, kOther4});
  REQUIRE(lab.eventually([&] { return router.has(kVip4) && router.has(kOther4); }));
  REQUIRE(lab.eventually([&] { return io::readFile(lab.run / "bird.sessions").has_value(); }));

  ::kill(lab.pid(), SIGKILL);
  lab.routing->withdraw(kOther4);
  REQUIRE(lab.eventually([&] { return !lab.routing->mayBeAnnounced(kOther4); }));
  // The peer kept it through the restart, and has heard that it is gone.
  REQUIRE(lab.eventually([&] { return lab.established(); }));
  CHECK_FALSE(router.has(kOther4));
  CHECK(router.has(kVip4));
}

TEST_CASE("Bird.BothKilled_NextRunRecovers", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  lab.runController(Lab::model(), {kVip4});
  REQUIRE(lab.eventually([&] { return router.has(kVip4); }));
  REQUIRE(lab.eventually([&] { return io::readFile(lab.run / "bird.sessions").has_value(); }));
  const auto before = lab.pid();
  lab.routing.reset();
  endProcess(before);
  test::runReady(lab.io);

  // The new run does not know its routes at once; its BIRD must not speak before it does.
  const BirdOptions options{lab.binary, lab.run.path(), kTemplate};
  lab.routing = std::make_unique<BirdRouting>(lab.io, options);
  REQUIRE(lab.routing->setModel(Lab::model()).has_value());
  lab.routing->start();
  runUntil(
      lab.io, [] { return false; }, 300ms);
  CHECK_FALSE(lab.status().has_value());
  CHECK(router.has(kVip4));

  lab.routing->announce(kVip4);
  lab.routing->routesComplete();
  bool lost = false;
  const auto back = [&] {
    const auto seen = router.received();
    lost = lost || seen.nextHops.empty();
    return seen.established && lab.established();
  };
  REQUIRE(lab.eventually(back));
  CHECK_FALSE(lost);
}

TEST_CASE("Bird.HungIsReplaced_PeerKeepsTheRoutes", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  auto model = Lab::model();
  model.holdTime = 12s;
  lab.runController(model, {kVip4});
  REQUIRE(lab.eventually([&] { return router.has(kVip4); }));
  REQUIRE(lab.eventually([&] { return io::readFile(lab.run / "bird.sessions").has_value(); }));
  const auto before = lab.pid();

  ::kill(before, SIGSTOP);
  bool lost = false;
  const auto replaced = [&] {
    const auto seen = router.received();
    lost = lost || seen.nextHops.empty();
    const auto now = pidIn(lab.run / "bird.pid");
    return seen.established && now != 0 && now != before && lab.established();
  };
  REQUIRE(lab.eventually(replaced));
  CHECK_FALSE(lost);
}

TEST_CASE("Bird.RefusedConfigurationKeepsTheFormer_AndVipsGoOn", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  const auto copy = lab.run / "edited.mustache";
  std::filesystem::copy_file(kTemplate, copy);
  lab.runController(Lab::model(), {kVip4}, copy);
  REQUIRE(lab.eventually([&] { return router.has(kVip4); }));
  const auto before = lab.status();
  const auto good = io::readFile(lab.run / "bird.conf").value();

  std::ofstream(copy, std::ios::app) << "protocol nonsense { }\n";
  REQUIRE(lab.routing->setModel(Lab::model()).has_value());
  REQUIRE(lab.eventually([&] { return !lab.status()->refused.empty(); }));
  CHECK(lab.status()->refused.find("bird.conf:") != std::string::npos);
  CHECK(io::readFile(lab.run / "bird.conf").value() == good);

  lab.routing->announce(kOther4);
  REQUIRE(lab.eventually([&] { return router.has(kOther4); }));
  lab.routing->withdraw(kVip4);
  REQUIRE(lab.eventually([&] { return !lab.routing->mayBeAnnounced(kVip4); }));
  CHECK(lab.status()->peers[0].since == before->peers[0].since);

  // BIRD must be able to start again with what is on the disk.
  ::kill(before->pid, SIGKILL);
  REQUIRE(lab.eventually([&] { return lab.established() && lab.pid() != before->pid; }));
  REQUIRE(lab.eventually([&] { return router.has(kOther4); }));

  std::filesystem::copy_file(kTemplate, copy, std::filesystem::copy_options::overwrite_existing);
  std::ofstream(copy, std::ios::app) << "# harmless\n";
  REQUIRE(lab.routing->setModel(Lab::model()).has_value());
  REQUIRE(lab.eventually([&] { return lab.status() && lab.status()->refused.empty(); }));
  CHECK(io::readFile(lab.run / "bird.conf").value() == good + "# harmless\n");
}

TEST_CASE("Bird.RefusedAtFirstStart_IsTriedAgainWhenTheModelChanges", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  const auto copy = lab.run / "edited.mustache";
  std::filesystem::copy_file(kTemplate, copy);
  std::ofstream(copy, std::ios::app) << "protocol nonsense { }\n";
  lab.runController(Lab::model(), {kVip4}, copy);
  const auto refused = [&] {
    const auto asked = await(lab.io, lab.routing->status());
    return !asked && asked.error().message.find("syntax error") != std::string::npos;
  };
  REQUIRE(lab.eventually(refused));

  std::filesystem::copy_file(kTemplate, copy, std::filesystem::copy_options::overwrite_existing);
  REQUIRE(lab.routing->setModel(Lab::model()).has_value());
  REQUIRE(lab.eventually([&] { return router.has(kVip4); }));
}

TEST_CASE("Bird.MissingBinary_IsFoundWhenItComes", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  lab.binary = lab.run / "bird";
  lab.runController(Lab::model(), {kVip4});
  lab.routing->announce(kOther4);
  const auto missing = [&] {
    const auto asked = await(lab.io, lab.routing->status());
    return !asked && asked.error().message.find("No such file") != std::string::npos;
  };
  REQUIRE(lab.eventually(missing));
  // Nobody can have it: there is no session.
  lab.routing->withdraw(kOther4);
  REQUIRE(lab.eventually([&] { return !lab.routing->mayBeAnnounced(kOther4); }));

  std::ofstream(lab.binary + ".new") << "#!/bin/sh\nexec " << birdUnderTest() << " \"$@\"\n";
  std::filesystem::permissions(lab.binary + ".new", std::filesystem::perms::owner_all);
  std::filesystem::rename(lab.binary + ".new", lab.binary);
  REQUIRE(lab.eventually([&] { return router.has(kVip4); }));
  CHECK_FALSE(router.has(kOther4));
}

TEST_CASE("Bird.PortTaken_IsNoticedAndRetried", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  const int taken = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_port = htons(1790);
  REQUIRE(::bind(taken, reinterpret_cast<sockaddr*>(&any), sizeof any) == 0);
  REQUIRE(::listen(taken, 1) == 0);
  lab.runController(Lab::model(), {kVip4});
  const auto noticed = [&] {
    const auto now = lab.status();
    return now && now->peers.size() == 1 && cannotListen(now->peers[0]);
  };
  REQUIRE(lab.eventually(noticed));
  ::close(taken);
  REQUIRE(lab.eventually([&] { return router.has(kVip4); }));
}

TEST_CASE("Bird.NobodyReadsItsLog_BirdGoesOn", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  lab.runController(Lab::model(), {kVip4});
  REQUIRE(lab.eventually([&] { return router.has(kVip4); }));
  lab.routing.reset();
  test::runReady(lab.io);

  const int log = ::open((lab.run / "bird.log").c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  REQUIRE(log >= 0);
  const std::string line(1024, 'x');
  while (::write(log, line.data(), line.size()) > 0) {
  }
  while (::write(log, "x", 1) > 0) {
  }
  ::close(log);
  ControlClient client(lab.io);
  REQUIRE(await(lab.io, client.connect(lab.run / "bird.ctl", 5s)).has_value());
  for (int i = 0; i < 100; ++i) {  // two lines each
    REQUIRE(await(lab.io, client.command("configure", 5s)).has_value());
  }
  CHECK(router.received().established);
}

TEST_CASE("Bird.PeersComeAndGo_OthersStay", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  auto model = Lab::model();
  lab.runController(model, {kVip4});
  REQUIRE(lab.eventually([&] { return router.has(kVip4); }));
  const auto before = lab.status();

  model.peers.push_back({.address = ip("10.77.0.3"), .as = 65003});
  model.nextHop6.emplace_back();
  REQUIRE(lab.routing->setModel(model).has_value());
  REQUIRE(lab.eventually([&] { return lab.status()->peers.size() == 2; }));
  model.peers.pop_back();
  model.nextHop6.pop_back();
  REQUIRE(lab.routing->setModel(model).has_value());
  lab.routing->announce(kOther4);  // while BIRD stops a protocol
  REQUIRE(lab.eventually([&] { return lab.status()->peers.size() == 1 && router.has(kOther4); }));
  CHECK(lab.status()->peers[0].since == before->peers[0].since);
  CHECK(lab.pid() == before->pid);
}

TEST_CASE("Bird.StopWithdrawsAtOnce", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  lab.runController(Lab::model(), {kVip4});
  REQUIRE(lab.eventually([&] { return router.has(kVip4); }));
  const auto before = lab.pid();
  await(lab.io, lab.routing->stop(StopMode::Withdraw));
  REQUIRE(lab.eventually([&] { return !router.has(kVip4); }));
  CHECK_FALSE(lab.routing->mayBeAnnounced(kVip4));
  CHECK_FALSE(io::readFile(lab.run / "bird.sessions").has_value());
  const auto state = io::readFile("/proc/" + std::to_string(before) + "/stat");
  CHECK((!state || state->find(") Z") != std::string::npos));
}

TEST_CASE("Bird.StopForARestart_PeerKeepsTheRoutes", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  lab.runController(Lab::model(), {kVip4});
  REQUIRE(lab.eventually([&] { return router.has(kVip4); }));
  REQUIRE(lab.eventually([&] { return io::readFile(lab.run / "bird.sessions").has_value(); }));
  const auto before = lab.pid();
  await(lab.io, lab.routing->stop(StopMode::GracefulRestart));
  CHECK(router.has(kVip4));

  lab.runController(Lab::model(), {kVip4});
  bool lost = false;
  const auto back = [&] {
    lost = lost || !router.has(kVip4);
    return lab.established() && lab.pid() != before && !lab.status()->recovering;
  };
  REQUIRE(lab.eventually(back));
  CHECK_FALSE(lost);
}
