// Tests of RtnlKernel's actions in the real kernel, each in a separate network namespace.
#include "netns/netlink_world.hpp"

#include <chrono>

using namespace bgplb;
using namespace bgplb::test;

namespace {

std::vector<core::Action> unrouting(const std::string& bridge) {
  return {core::RouteDel{kVip4, bridge},
          core::RouteDel{kVip6, bridge},
          core::PinnedRouteDel{{kVip4, kHop4}, bridge},
          core::PinnedRouteDel{{kVip6, kHop6}, bridge},
          core::GroupDel{Family::V4, bridge},
          core::GroupDel{Family::V6, bridge},
          core::NextHopDel{kHop4, bridge},
          core::NextHopDel{kHop6, bridge},
          core::NeighDel{kHop4, bridge},
          core::NeighDel{kHop6, bridge}};
}

}  // namespace

TEST_CASE("RtnlKernel.AppliesThePlan_AsIproute2ShowsIt") {
  World world;
  world.makeNetwork();
  CHECK(text(world.observe(kBridge)) == text(world.network()));
  CHECK(world.kernel.ownLinks() == std::set<std::string>{kBridge, kHost});
  CHECK(world.kernel.hasVeth(kHost));

  const std::string bridge = shell("ip -d link show " + kBridge);
  INFO(bridge);
  CHECK(has(bridge, "UP"));
  CHECK(has(bridge, " forward_delay 0 "));
  CHECK(has(bridge, " stp_state 0 "));
  CHECK(has(bridge, " mcast_snooping 0 "));
  CHECK(has(bridge, " addrgenmode none "));
  CHECK(shell("ip address show " + kBridge).find("inet") == std::string::npos);
  const std::string veth = shell("ip -d link show " + kHost);
  INFO(veth);
  CHECK(has(veth, ",UP"));
  CHECK(has(veth, " master " + kBridge));
  CHECK(has(veth, " addrgenmode none "));
  CHECK(shell("ip address show " + kHost).find("inet") == std::string::npos);
  CHECK(has(shell("ip route show proto 178"), "10.0.0.101 nhid"));
  CHECK(has(shell("ip route show proto 178"), "via 169.254.77.1 dev " + kBridge));
  CHECK(has(shell("ip -6 route show proto 178"), "2001:db8:0:1::101 nhid"));
  CHECK(has(shell("ip -6 route show proto 178"), "via fe80::77:1 dev " + kBridge));
  for (const char* via : {"169.254.77.1", "fe80::77:1"}) {
    CHECK(has(shell("ip neigh show dev " + kBridge),
              std::string(via) + " lladdr 02:42:ac:17:00:19 PERMANENT"));
  }
  CHECK(has(shell("ip nexthop show groups"), "type resilient") == hasResilientGroups());
  CHECK(has(shell("ip route show table 178001"),
            "10.0.0.101 via 169.254.77.1 dev " + kBridge + " proto 178 onlink"));
  CHECK(has(shell("ip -6 route show table 178001"), "2001:db8:0:1::101 via fe80::77:1 dev "));
  for (const char* family : {"-4", "-6"}) {
    CHECK(has(shell(std::string("ip ") + family + " rule show"),
              "fwmark 0x100000/0xff00000 lookup 178001"));
  }
  world.checkMirror();
}

TEST_CASE("RtnlKernel.RemovesAllObjectsOfANetwork") {
  World world;
  world.makeNetwork();
  for (const auto& action : unrouting(kBridge)) world.apply(action);
  for (const char* what : {"route show table all proto 178", "-6 route show table all proto 178",
                           "nexthop show", "neigh show nud permanent"}) {
    INFO(what);
    CHECK(shell(std::string("ip ") + what).empty());
  }
  CHECK(!has(shell("ip rule; ip -6 rule"), "fwmark"));
  world.apply(core::LinkDel{kHost});
  core::KernelNetwork empty{.bridge = true};
  CHECK(text(world.observe(kBridge)) == text(empty));
  CHECK(!world.kernel.hasVeth(kHost));
  CHECK(tryShell("ip link show " + kContainer).status != 0);
  world.apply(core::LinkDel{kBridge});
  CHECK(world.kernel.ownLinks().empty());
  CHECK(text(world.observe(kBridge)) == text(core::KernelNetwork{}));
  runReady(world.io);
  CHECK(world.calls == 0);
  world.checkMirror();
}

TEST_CASE("RtnlKernel.RecreatesALink_RightAfterItsRemoval") {
  World world;
  // The name stays in use until the kernel has processed the removal.
  const auto make = [&world](const core::Action& action) {
    INFO(core::toText(action));
    REQUIRE(runUntil(world.io, [&] { return world.kernel.apply(action).has_value(); }));
  };
  for (int round = 0; round < 30; ++round) {  // more removals than threads
    make(core::BridgeAdd{kBridge});
    make(core::VethAdd{kHost, kContainer, kBridge});
    world.apply(core::LinkDel{kHost});
    CHECK(!world.kernel.hasVeth(kHost));
    make(core::VethAdd{kHost, kContainer, kBridge});
    CHECK(world.kernel.hasVeth(kHost));
    world.apply(core::LinkDel{kBridge});
    world.apply(core::LinkDel{kHost});
  }
  CHECK(world.observe(kBridge) == core::KernelNetwork{});
  runReady(world.io);
  CHECK(world.calls == 0);
  world.checkMirror();
}

TEST_CASE("RtnlKernel.DoesNotReportItsOwnChanges_AndActionsAreIdempotent") {
  World world;
  for (int round = 0; round < 2; ++round) {
    world.apply(core::BridgeAdd{kBridge});
    world.apply(core::VethAdd{kHost, kContainer, kBridge});
    world.apply(core::PortIsolate{kHost, kMac, kBridge});
    if (round == 0) world.bringUp(kContainer);
    world.calls = 0;
    for (const auto& action : World::routing(kBridge)) world.apply(action);
    CHECK(text(world.observe(kBridge)) == text(world.network()));
  }
  for (int round = 0; round < 2; ++round) {
    for (const auto& action : unrouting(kBridge)) world.apply(action);
    world.apply(core::LinkDel{kHost});
    world.apply(core::LinkDel{kBridge});
    for (const auto& action : unrouting(kBridge)) world.apply(action);
  }
  runReady(world.io);
  CHECK(world.calls == 0);
}

TEST_CASE("RtnlKernel.CompletesIncompleteLinks") {
  World world;
  shell("ip link add " + kBridge + " mtu 1400 type bridge stp_state 1 mcast_snooping 1");
  shell("ip link add " + kHost + " mtu 1400 type veth peer name " + kContainer);
  runReady(world.io);
  world.apply(core::BridgeAdd{kBridge, 9000});
  world.apply(core::VethAdd{kHost, kContainer, kBridge, 9000});
  core::KernelNetwork network{.bridge = true, .mtu = 9000, .veths = {kHost}};
  CHECK(text(world.observe(kBridge)) == text(network));
  const std::string bridge = shell("ip -d link show " + kBridge);
  CHECK(has(bridge, "mtu 9000"));
  CHECK(has(bridge, " stp_state 0 "));
  CHECK(has(bridge, " mcast_snooping 0 "));
  CHECK(has(bridge, " addrgenmode none "));
  shell("ip link set " + kHost + " nomaster");
  shell("ip link set " + kBridge + " down");
  world.apply(core::BridgeAdd{kBridge, 9000});
  world.apply(core::VethAdd{kHost, kContainer, kBridge, 9000});
  CHECK(text(world.observe(kBridge)) == text(network));
  // An explicit MTU persists after the last port has been removed.
  world.apply(core::LinkDel{kHost});
  CHECK(world.kernel.observe(kBridge).mtu == 9000);
  world.checkMirror();
}

TEST_CASE("RtnlKernel.AcceptsAPairWhoseContainerEndIsInAnotherNamespace") {
  World world;
  world.makeNetwork();
  test::Netns container;
  shell("ip link set " + kContainer + " netns " + container.path());
  world.apply(core::VethAdd{kHost, kContainer, kBridge});
  CHECK(text(world.observe(kBridge)) == text(world.network()));
  container.shell("ip link del " + kContainer);  // like the removal of the container's namespace
  CHECK(runUntil(world.io, [&] { return !world.kernel.hasVeth(kHost); }));
  CHECK(world.reported(kBridge));
}

TEST_CASE("RtnlKernel.DoesNotChangeForeignLinks") {
  World world;
  world.makeNetwork();
  shell("ip link add bgplb-dummy type veth peer name eth8");
  shell("ip link add bglaaaaaaaaaaaa type bridge");
  shell("ip link add docker0 type bridge");
  const std::string before = shell("ip -o link");
  CHECK(world.refuse(core::BridgeAdd{"bgplb-dummy"}).kind == ErrorKind::Conflict);
  CHECK(world.refuse(core::LinkDel{"bgplb-dummy"}).kind == ErrorKind::Conflict);
  CHECK(world.refuse(core::LinkDel{"docker0"}).kind == ErrorKind::Conflict);
  CHECK(world.refuse(core::LinkDel{"bglaaaaaaaaaaaa"}).kind == ErrorKind::Conflict);
  CHECK(world.refuse(core::VethAdd{"bglaaaaaaaaaaaa", "bgcaaaaaaaaaaaa", kBridge}).kind ==
        ErrorKind::Conflict);
  CHECK(world.refuse(core::BridgeAdd{"docker0"}).kind == ErrorKind::Invalid);
  CHECK(world.refuse(core::RouteReplace{kVip4, "docker0"}).kind == ErrorKind::Conflict);
  CHECK(world.refuse(core::NextHopAdd{kHop4, "docker0"}).kind == ErrorKind::Conflict);
  CHECK(world.refuse(core::RouteReplace{kVip4, "nowhere"}).kind == ErrorKind::NotFound);
  CHECK(world.refuse(core::VethAdd{kHost2, kContainer2, "bgplb-nowhere00"}).kind ==
        ErrorKind::NotFound);
  CHECK(world.refuse(core::VethAdd{kHost2, kContainer, kBridge}).kind == ErrorKind::Conflict);
  CHECK(shell("ip -o link") == before);
}

TEST_CASE("RtnlKernel.DoesNotReplaceAForeignRoute") {
  World world;
  world.makeNetwork();
  world.apply(core::RouteDel{kVip4, kBridge});
  world.apply(core::RouteDel{kVip6, kBridge});
  shell("ip link add eth9 up type bridge");
  shell("ip route add 10.0.0.101/32 dev eth9 proto static");
  shell("ip -6 route add 2001:db8:0:1::101/128 dev eth9 proto static");
  for (const Prefix& vip : {kVip4, kVip6}) {
    const Error error = world.refuse(core::RouteReplace{vip, kBridge});
    INFO(error.message);
    CHECK(error.kind == ErrorKind::Conflict);
    CHECK(has(error.message, "eth9"));
    world.apply(core::RouteDel{vip, kBridge});
  }
  CHECK(has(shell("ip route show 10.0.0.101"), "eth9"));
  CHECK(has(shell("ip -6 route show 2001:db8:0:1::101"), "eth9"));
  // In the table of a backend as well.
  world.apply(core::PinnedRouteDel{{kVip4, kHop4}, kBridge});
  shell("ip route add 10.0.0.101/32 dev eth9 proto static table 178001");
  CHECK(world.refuse(core::PinnedRouteReplace{{kVip4, kHop4}, kBridge}).kind ==
        ErrorKind::Conflict);
  CHECK(has(shell("ip route show table 178001"), "eth9"));
  shell("ip route add 10.0.0.101/32 dev eth9 proto static table 178501");
  CHECK(world.refuse(core::UdpRouteReplace{{kVip4, kHop4}, kBridge}).kind == ErrorKind::Conflict);
  world.apply(core::UdpRouteDel{{kVip4, kHop4}, kBridge});
  CHECK(has(shell("ip route show table 178501"), "eth9"));
  shell("ip route replace blackhole 10.0.0.101/32");
  CHECK(world.refuse(core::RouteReplace{kVip4, kBridge}).kind == ErrorKind::Conflict);
  world.checkMirror();
}

TEST_CASE("RtnlKernel.MovesItsOwnRouteToAnotherNetwork") {
  World world;
  world.makeNetwork();
  world.apply(core::BridgeAdd{kOther});
  world.apply(core::VethAdd{kHost2, kContainer2, kOther});
  shell("ip link set " + kContainer2 + " up");
  world.awaitCarrier(kOther);
  const std::set<core::PinnedRoute> released{{kVip4, kHop4}, {kVip6, kHop6}};
  for (const auto& route : released) world.apply(core::UdpRouteReplace{route, kBridge});
  for (const auto& action : World::routing(kOther)) world.apply(action);
  for (const auto& route : released) world.apply(core::UdpRouteReplace{route, kOther});
  for (const auto& route : released) world.apply(core::UdpRouteDel{route, kBridge});
  CHECK(world.kernel.observe(kBridge).released.empty());
  CHECK(world.kernel.observe(kOther).released == released);
  CHECK(world.kernel.observe(kBridge).pinned.empty());
  CHECK(world.kernel.observe(kOther).pinned.size() == 2);
  CHECK(world.kernel.observe(kBridge).routes.empty());
  CHECK(world.kernel.observe(kOther).routes == std::set<Prefix>{kVip4, kVip6});
  CHECK(has(shell("ip route show 10.0.0.101"), kOther));
  CHECK(world.reported(kBridge));  // lost its routes by an action on the other network
  world.checkMirror();
}

TEST_CASE("RtnlKernel.KeepsItsNeighbors_WhenPortsAreAddedAndRemoved") {
  World world;
  world.makeNetwork();
  shell("ip link add " + kHost2 + " address 02:00:00:00:00:01 type veth peer name " + kContainer2);
  world.apply(core::VethAdd{kHost2, kContainer2, kBridge});
  auto network = world.network();
  network.veths.insert(kHost2);
  CHECK(text(world.observe(kBridge)) == text(network));
  world.apply(core::LinkDel{kHost2});
  CHECK(text(world.observe(kBridge)) == text(world.network()));
  world.checkMirror();
}

// A benchmark of the actions, run with [.bench].
TEST_CASE("RtnlKernel.DurationOfEachAction", "[.bench]") {
  World world;
  // The host needs an address: without one, the kernel searches all links for a source address.
  shell("ip link add eth9 up type bridge; ip address add 192.0.2.1/24 dev eth9");
  using Clock = std::chrono::steady_clock;
  constexpr int kCount = 2000;
  const auto bridge = [](int i) { return fmt::format("bgplb-{:09x}", i); };
  const auto vip = [](int i) {
    return Address::parse(fmt::format("10.1.{}.{}", i / 250, i % 250 + 1));
  };
  const auto measure = [](const char* what, int count, const auto& each) {
    const auto begin = Clock::now();
    for (int i = 0; i < count; ++i) each(i);
    const std::chrono::duration<double, std::micro> took = Clock::now() - begin;
    fmt::print("{:40} {:9.1f} us\n", what, took.count() / count);
  };
  measure("bridge add", kCount, [&](int i) { world.apply(core::BridgeAdd{bridge(i)}); });
  measure("veth add, up", kCount, [&](int i) {
    const auto container = fmt::format("bgc{:012x}", i);
    world.apply(core::VethAdd{fmt::format("bgl{:012x}", i), container, bridge(i)});
    shell("ip link set " + container + " up");
  });
  measure("neigh replace, new", kCount, [&](int i) {
    world.apply(core::NeighReplace{kHop4, kMac, bridge(i)});
  });
  measure("nexthop add", kCount, [&](int i) { world.apply(core::NextHopAdd{kHop4, bridge(i)}); });
  measure("nexthop replace group, new", kCount, [&](int i) {
    world.apply(core::GroupReplace{Family::V4, {kHop4}, bridge(i)});
  });
  measure("route replace, new", kCount, [&](int i) {
    world.apply(core::RouteReplace{Prefix::host(*vip(i)), bridge(i)});
  });
  measure("route replace, unchanged", kCount, [&](int i) {
    world.apply(core::RouteReplace{Prefix::host(*vip(i)), bridge(i)});
  });
  measure("pinned route replace, new", kCount, [&](int i) {
    world.apply(core::PinnedRouteReplace{{Prefix::host(*vip(i)), kHop4}, bridge(i)});
  });
  measure("observe", kCount, [&](int i) { CHECK(world.kernel.observe(bridge(i)).bridge); });
  measure("route get", kCount, [&](int i) { CHECK(world.kernel.routeTo(*vip(i)).has_value()); });
  measure("resync of 2000 networks, with pauses", 5, [&](int) { world.resync(); });
  measure("route del", kCount, [&](int i) {
    world.apply(core::RouteDel{Prefix::host(*vip(i)), bridge(i)});
  });
  measure("route for UDP replace, new", kCount, [&](int i) {
    world.apply(core::UdpRouteReplace{{Prefix::host(*vip(i)), kHop4}, bridge(i)});
  });
  measure("route for UDP del", kCount, [&](int i) {
    world.apply(core::UdpRouteDel{{Prefix::host(*vip(i)), kHop4}, bridge(i)});
  });
  measure("pinned route del", kCount, [&](int i) {
    world.apply(core::PinnedRouteDel{{Prefix::host(*vip(i)), kHop4}, bridge(i)});
  });
  measure("nexthop del group", kCount, [&](int i) {
    world.apply(core::GroupDel{Family::V4, bridge(i)});
  });
  measure("neigh del", kCount, [&](int i) { world.apply(core::NeighDel{kHop4, bridge(i)}); });
  measure("veth del", 50, [&](int i) { world.apply(core::LinkDel{fmt::format("bgl{:012x}", i)}); });
  measure("bridge del", 50, [&](int i) { world.apply(core::LinkDel{bridge(i)}); });
}

TEST_CASE("RtnlKernel.OwnLinksContainsOnlyProvablyOwnLinks") {
  World world;
  world.makeNetwork();
  shell("ip link add bgplb-stranger type bridge");
  shell("ip link add bglfedcba987654 type veth peer name other");
  shell("ip link set bglfedcba987654 master bgplb-stranger up");
  shell("ip link add bgl000000000000 type veth peer name another");  // no port of any bridge
  const std::string setting = "/proc/sys/net/ipv6/conf/bgplb-stranger/accept_ra";
  shell("echo 2 > " + setting);
  world.resync();
  CHECK(world.kernel.ownLinks() == std::set<std::string>{kBridge, kHost});
  CHECK(shell("cat " + setting) == "2\n");
}
