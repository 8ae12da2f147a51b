// Two plugins of one dockerd on one host: two real controllers, each with its own BIRD. Neither may
// change anything of the other, whether both have an INSTANCE of their own or the administrator
// forgot the second one's.
#include "cli/client.hpp"
#include "hold_instance.hpp"
#include "netns/traffic_lab.hpp"
#include "support/dockerd/plugin_client.hpp"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>

using namespace bgplb;
using namespace bgplb::test;
using namespace bgplb::test::traffic_lab;

namespace {

constexpr const char* kSecondDriver = "second";
constexpr unsigned kSecondIds = 0x5000;
constexpr const char* kForgotten = "another plugin on this host has INSTANCE=1";

// Every object on the host that a plugin may own, without counters, timers and the state of
// carriers, and without the nft tables of the second plugin. The tables are sorted, because a
// controller that starts loads its own again.
std::string hostState() {
  const std::string timers = "(hello|tcn|topology_change|gc|unbalanced)_time[r]? +[0-9.]+";
  const std::string withoutTimers = " | sed -E 's/" + timers + "//g'; ";
  return shell("ip -d -o link" + withoutTimers +
               "for family in -4 -6; do ip $family route show table all | grep -E 'proto 1[78]' | "
               "sed 's/ linkdown//'; ip $family rule; done; ip -d nexthop" +
               withoutTimers +
               "ip neigh show nud permanent; bridge fdb | grep static; "
               "nft list tables | sort | grep -v 'inet bgplb2' | "
               "while read -r table; do nft -s list $table; done; for save in iptables-nft-save "
               "iptables-legacy-save ip6tables-nft-save ip6tables-legacy-save; do $save "
               "2>/dev/null | sed -E 's/\\[[0-9]+:[0-9]+\\]//; /^#/d'; done; "
               "cat /proc/sys/net/ipv4/fib_multipath_hash_policy");
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// The state after the first plugin's last change: twice the same.
std::string settledState() {
  std::string last;
  REQUIRE(eventually([&last] {
    std::string now = hostState();
    std::swap(now, last);
    return now == last;
  }));
  return last;
}

struct Both : Host {
  explicit Both(const std::string& instance)
      : second({secondSettings(instance), folder / "docker.sock", {}, {}, false, kSecondDriver}) {
    bird = controller.bird();
    REQUIRE(eventually([&] { return peer.has(vip); }));
    REQUIRE(arrives(flow, backend));
    // The packet filter and all connections are as the first plugin wants them.
    REQUIRE(eventually([&] { return has(shell(kChains), "-j BGPLB-FORWARD"); }));
    if (hasNfTables()) REQUIRE(eventually([] { return hasMarks(); }));
    keep(backend.web);
  }

  static std::map<std::string, std::string> secondSettings(const std::string& instance) {
    auto values = settings({});
    values["PEER_ADDRESS"] = "10.77.0.9";  // a router that does not exist
    values.erase("ROUTER_PORT");
    if (!instance.empty()) values["INSTANCE"] = instance;
    return values;
  }
  // Starts the second controller and waits until it has applied dockerd's lists.
  void startSecond() {
    second.start();
    REQUIRE(eventually([&] { return dockerd.streams() == 2; }));
    REQUIRE(eventually([&] { return has(secondStatus(), "\"following\":true"); }));
  }
  // The JSON of its status; empty: no answer.
  std::string secondStatus() {
    const auto body = cli::get(second.pluginSocket(), "/status", 5s);
    return body ? *body : std::string();
  }
  // The first plugin's host state stays during `time`, and its traffic flows.
  void checkStays(const std::string& before, std::chrono::milliseconds time) {
    std::string seen;
    const auto differs = [&] {
      seen = hostState();
      return seen != before;
    };
    const bool changed = eventually([&] { return !arrives(flow, backend) || differs(); }, time);
    CHECK(!changed);
    CHECK(seen == before);
    checkKept();
    checkHealthy();
  }
  std::string createRefused() {
    const std::string body =
        R"({"NetworkID":")" + std::string(64, '7') +
        R"(","Options":{},"IPv4Data":[{"AddressSpace":"bgplb","Pool":"10.0.0.177/32"}]})";
    const auto answer = callPlugin(second.pluginSocket(), "NetworkDriver.CreateNetwork", body, 10s);
    REQUIRE(answer.has_value());
    CHECK(answer->status != 200);
    return answer->body;
  }

  const std::string kChains = "iptables-" + flavour() + " -S FORWARD";
  const Prefix vip = Prefix::parse(kVip4).value();
  Backend backend{*this, docker.createNetwork("first", vips())};
  Flow flow{there, vip.address()};
  ControllerProcess second;
  DockerHost secondDocker{dockerd, second.pluginSocket(), containers, kSecondDriver, kSecondIds};
};

}  // namespace

// The second plugin removes leftovers with dockerd's second full list, a minute after its start.
TEST_CASE("Instances.TheSecondChangesNothingOfTheFirst_FromItsStartToItsEnd", "[netns]") {
  Both host("2");
  const std::string before = settledState();
  host.startSecond();
  REQUIRE(has(host.secondStatus(), "second"));
  host.checkStays(before, 65s);
  CHECK(host.dockerd.count("/networks") >= 4);  // two lists of each
  host.second.signal(SIGTERM);
  REQUIRE(eventually([&] { return !host.second.isRunning(); }, 15s));
  CHECK(hostState() == before);
  CHECK(host.arrives(host.flow, host.backend));
}

TEST_CASE("Instances.EachServesItsNetwork_AndTheRemovalOfOneLeavesTheOther", "[netns]") {
  Both host("2");
  host.startSecond();
  const std::string before = settledState();
  const char* const other = "10.0.0.201/32";
  const auto web = host.secondDocker.createNetwork("other", {other});
  {
    Backend backend(host, web, host.secondDocker);
    const Flow flow(host.there, Prefix::parse(other).value().address());
    REQUIRE(host.arrives(flow, backend));
    CHECK(has(shell("ip route show proto 179"), "10.0.0.201"));
    CHECK(!has(shell("ip route show proto 178"), "10.0.0.201"));
    CHECK(has(shell("ip rule"), "lookup 179001"));
    REQUIRE(eventually([&] { return has(shell(host.kChains), "-j BGPLB2-FORWARD"); }));
    if (hasNfTables()) {
      REQUIRE(eventually([] { return has(shell("nft list tables"), "table inet bgplb2\n"); }));
    }
    // Neither moves its jump again because of the other's.
    const std::string chains = shell(host.kChains);
    CHECK(!eventually([&] { return shell(host.kChains) != chains; }, 3s));
    CHECK(host.arrives(host.flow, host.backend));

    // The VIP of the first is refused, and its route stays.
    const auto taken = callPlugin(
        host.second.pluginSocket(), "NetworkDriver.CreateNetwork",
        R"({"NetworkID":")" + std::string(64, '7') +
            R"(","Options":{},"IPv4Data":[{"AddressSpace":"bgplb","Pool":"10.0.0.101/32"}]})",
        10s);
    REQUIRE(taken.has_value());
    CHECK(taken->status == 409);
    CHECK(has(taken->body, "already has VIP 10.0.0.101"));
    host.secondDocker.die(web);
  }
  host.secondDocker.removeNetwork(web);
  REQUIRE(eventually([&] { return !has(shell(host.kChains), "BGPLB2"); }));
  REQUIRE(eventually([&] { return !has(shell("ip link"), web.bridge()); }));
  REQUIRE(eventually([&] { return !has(shell("ip rule"), "179001"); }));
  CHECK(settledState() == before);
  host.checkStays(before, 1s);
}

TEST_CASE("Instances.AForgottenNumberIsRefused_AndTheFirstIsLeftAlone", "[netns]") {
  Both host("");
  const std::string before = settledState();
  host.second.launch();
  REQUIRE(eventually([&] { return has(host.second.log(), kForgotten); }));
  CHECK(has(host.createRefused(), kForgotten));
  CHECK(has(host.secondStatus(), kForgotten));
  host.checkStays(before, 2s);
  CHECK(host.dockerd.streams() == 1);

  // A plugin that is disabled for a moment finds its number free.
  host.controller.kill();
  CHECK(hostState() == before);
  CHECK(has(host.createRefused(), kForgotten));
  host.controller.start();
  host.checkStays(before, 2s);
  CHECK(has(host.createRefused(), kForgotten));
}

// The first plugin is disabled, or is a version that does not hold its number.
TEST_CASE("Instances.TheLinksAndRulesOfAPluginThatDoesNotRunStay", "[netns]") {
  Both host("1");
  const std::string before = settledState();
  host.controller.kill();
  host.second.start();
  REQUIRE(
      eventually([&] { return has(host.second.log(), "INSTANCE is not this plugin's alone"); }));
  CHECK(has(host.createRefused(), "set another INSTANCE for this plugin"));
  CHECK(!eventually([&] { return hostState() != before; }, 2s));
  CHECK(host.arrives(host.flow, host.backend));
}

TEST_CASE("Instances.ARefusedPluginGetsItsNumber_OnceNoLinkHasIt", "[netns]") {
  const ScopedNetns here;
  const bird_lab::TemporaryFolder folder;
  settings::Settings settings;
  RunOptions options;
  options.socket = folder / "plugin.sock";
  options.stateDir = folder / "state";
  options.headStart = 200ms;
  const std::string bridge = "bgplb-012345678";
  shell("ip link add " + bridge + " address " +
        core::bridgeAddress(bridge, settings.instance).toString() + " type bridge");
  io::NameLock first;
  REQUIRE(first.take(settings.instance.lockName()).has_value());

  io::NameLock second;
  std::atomic<bool> held = false;
  std::thread waiting([&] { held = holdInstance(second, settings, options); });
  const std::string refused = folder / "state/refused-instance";
  const bool noted = eventually([&] { return shell("cat " + refused + " 2>&1 || :") == "1"; });
  first = io::NameLock{};
  const bool tooEarly = eventually([&] { return held.load(); }, 2s);
  shell("ip link del " + bridge);
  const bool inTheEnd = eventually([&] { return held.load(); });
  if (!inTheEnd) kill(getpid(), SIGTERM);
  waiting.join();
  CHECK(noted);
  CHECK(!tooEarly);
  CHECK(inTheEnd);
  CHECK(shell("ls " + refused + " 2>&1 || :").find("No such file") != std::string::npos);
}
