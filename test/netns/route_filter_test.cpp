// Tests of the filter that keeps notifications about unrelated routes from the monitor socket.
#include "netns/netlink_world.hpp"

#include <sys/resource.h>

#include <filesystem>
#include <fstream>

using namespace bgplb;
using namespace bgplb::test;
using namespace std::chrono_literals;

namespace {

// A host with an uplink eth9, and a RtnlKernel that has two peers.
struct PeerWorld {
  ScopedNetns netns;
  boost::asio::io_context io;
  int calls = 0;
  int hostNetworkChanges = 0;
  std::set<std::string> changed;
  netlink::RtnlKernel kernel;

  explicit PeerWorld(std::optional<std::set<Address>> peers)
      : kernel(io,
               [this](const netlink::Changes& changes) {
                 ++calls;
                 if (changes.hostNetwork) ++hostNetworkChanges;
                 changed.insert(changes.bridges.begin(), changes.bridges.end());
               },
               {.peers = std::move(peers)}) {
    shell("sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0");
    shell("ip link add eth9 up type bridge; ip address add 192.0.2.10/24 dev eth9");
    shell("ip -6 address add 2001:db8::10/64 dev eth9");
    REQUIRE(kernel.start().has_value());
    settle();
  }
  // Reads the notifications that are queued, up to one that follows them.
  void settle() {
    shell("ip link del settled 2>&1 || true; ip link add settled type bridge");
    const int before = calls;
    REQUIRE(runUntil(io, [&] { return calls > before; }));
    runReady(io);
    shell("ip link del settled");
    const int removed = calls;
    REQUIRE(runUntil(io, [&] { return calls > removed; }));
    runReady(io);
    calls = hostNetworkChanges = 0;
  }
  bool reports(const std::string& command) {
    hostNetworkChanges = 0;
    shell(command);
    return runUntil(io, [&] { return hostNetworkChanges > 0; });
  }
};

const std::set<Address> kPeers{address("192.0.2.1"), address("2001:db8:0:2::1")};

// Adds and removes that many routes of another program.
std::string batch(int routes) {
  const auto file = std::filesystem::temp_directory_path() / fmt::format("bgplb-{}", getpid());
  std::ofstream lines(file);
  for (const char* verb : {"add", "del"}) {
    for (int i = 0; i < routes; ++i) {
      lines << fmt::format("route {} 10.{}.{}.{}/32 dev eth9 proto 186 metric 20\n", verb, i >> 16,
                           (i >> 8) & 255, i & 255);
    }
  }
  return file;
}

}  // namespace

TEST_CASE("RouteFilter.UnrelatedRoutesDoNotWakeTheProgram") {
  PeerWorld world(kPeers);
  shell("ip -batch " + batch(500));
  shell("ip -6 route add 2001:db9::/48 dev eth9; ip -6 route del 2001:db9::/48 dev eth9");
  shell("ip route add 192.0.3.0/24 dev eth9; ip route replace 192.0.3.0/24 via 192.0.2.2");
  shell("ip route add 192.0.2.2/32 dev eth9");
  int woken = 0;
  // If a notification had been queued, the next turns of the event loop would read it.
  const auto end = std::chrono::steady_clock::now() + 200ms;
  while (std::chrono::steady_clock::now() < end) {
    world.io.restart();
    woken += static_cast<int>(world.io.run_one_for(10ms));
  }
  CHECK(woken == 0);
  CHECK(world.calls == 0);
}

TEST_CASE("RouteFilter.RoutesThatMayLeadToAPeerAreReported") {
  PeerWorld world(kPeers);
  for (const char* route :
       {"ip route add default via 192.0.2.2", "ip route del default",
        "ip route add 192.0.2.1 via 192.0.2.2", "ip route add 192.0.0.0/16 dev eth9",
        "ip route add 128.0.0.0/1 via 192.0.2.2", "ip route del 192.0.2.1",
        "ip -6 route add default dev eth9", "ip -6 route add 2001::/16 dev eth9",
        "ip -6 route add 2001:db8:0:2::/64 dev eth9", "ip -6 route add 2001:db8:0:2::1 dev eth9"}) {
    CAPTURE(route);
    CHECK(world.reports(route));
  }
}

TEST_CASE("RouteFilter.AForeignRouteThatReplacesOursIsReported") {
  PeerWorld world(kPeers);
  for (const core::Action& action : std::vector<core::Action>{
           core::BridgeAdd{kBridge}, core::VethAdd{kHost, kContainer, kBridge}}) {
    REQUIRE(world.kernel.apply(action).has_value());
  }
  shell("ip link set " + kContainer + " up");
  const core::Action hop = core::NextHopAdd{kHop4, kBridge};
  REQUIRE(runUntil(world.io, [&] { return world.kernel.apply(hop).has_value(); }));
  for (const auto& action : World::routing(kBridge))
    REQUIRE(world.kernel.apply(action).has_value());
  runReady(world.io);
  const auto replaced = [&](const char* command) {
    world.changed.clear();
    shell(command);
    return runUntil(world.io, [&] { return world.changed.contains(kBridge); });
  };
  CHECK(replaced("ip route replace 10.0.0.101 dev eth9"));
  CHECK(world.kernel.observe(kBridge).routes == std::set<Prefix>{kVip6});
  CHECK(replaced("ip -6 route replace 2001:db8:0:1::101 dev eth9 metric 1"));
  CHECK(world.kernel.observe(kBridge).routes.empty());
}

TEST_CASE("RouteFilter.CostOfAFullTable", "[.bench]") {
  constexpr int kRoutes = 100'000;
  for (const bool filtered : {false, true}) {
    PeerWorld world(filtered ? std::optional(kPeers) : std::nullopt);
    const std::string file = batch(kRoutes);
    const auto cpu = [] {
      rusage used{};
      getrusage(RUSAGE_SELF, &used);
      return std::chrono::seconds(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
             std::chrono::microseconds(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
    };
    const auto before = cpu();
    shell("(ip -batch " + file + "; touch " + file + ".done) > /dev/null 2>&1 &");
    const bool done = runUntil(
        world.io, [&] { return std::filesystem::exists(file + ".done"); }, 300s);
    std::filesystem::remove(file + ".done");
    fmt::print("{} routes added and removed, {}: CPU {} ms, {} reports, {} dumps{}\n", kRoutes,
               filtered ? "filtered" : "not filtered",
               std::chrono::duration_cast<std::chrono::milliseconds>(cpu() - before).count(),
               world.calls, world.kernel.dumps(), done ? "" : ", not finished");
  }
}
