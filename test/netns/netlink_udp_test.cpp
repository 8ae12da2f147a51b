// Tests of the routes and rules by which UDP flows leave a backend.
#include "netns/netlink_world.hpp"

using namespace bgplb;
using namespace bgplb::test;

TEST_CASE("RtnlKernel.ReportsForeignChangesOfTheRoutesForUdp") {
  World world;
  world.makeNetwork();
  auto expected = world.network();
  expected.released = {{kVip4, kHop4}, {kVip6, kHop6}};
  for (const auto& route : expected.released) {
    world.apply(core::UdpRouteReplace{route, kBridge});
    world.apply(core::UdpRouteReplace{route, kBridge});  // idempotent
  }
  CHECK(text(world.observe(kBridge)) == text(expected));
  CHECK(has(shell("ip rule"),
            "17501:\tfrom all fwmark 0x100000/0xff00000 ipproto udp lookup 178501"));
  world.checkMirror();
  world.changed.clear();
  SECTION("route removed") { shell("ip route del 10.0.0.101 table 178501"); }
  SECTION("IPv6 route removed") { shell("ip -6 route del 2001:db8:0:1::101 table 178501"); }
  SECTION("rule removed") { shell("ip rule del pref 17501"); }
  SECTION("IPv6 rule removed") { shell("ip -6 rule del pref 17501"); }
  SECTION("next hops flushed, which removes the IPv4 route silently") { shell("ip nexthop flush"); }
  CHECK(world.reported(kBridge));
  CHECK(runUntil(world.io, [&] { return text(world.observe(kBridge)) != text(expected); }));
  world.checkMirror();
}

TEST_CASE("RtnlKernel.RemovesTheRulesForUdpWithTheirRoutes") {
  World world;
  world.makeNetwork();
  const core::PinnedRoute released[] = {{kVip4, kHop4}, {kVip6, kHop6}};
  for (const auto& route : released) world.apply(core::UdpRouteReplace{route, kBridge});
  SECTION("one by one") {
    for (const auto& route : released) world.apply(core::UdpRouteDel{route, kBridge});
    CHECK(text(world.observe(kBridge)) == text(world.network()));
  }
  SECTION("with the group") {
    for (const Family family : {Family::V4, Family::V6}) {
      world.apply(core::GroupDel{family, kBridge});
    }
    world.resync();
  }
  CHECK_FALSE(has(shell("ip rule; ip -6 rule"), "udp"));
  CHECK(shell("ip route show table 178501; ip -6 route show table 178501") == "");
  world.checkMirror();
}
