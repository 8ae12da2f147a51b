// Tests of which routes and rules the mirror takes for ours.
#include "netlink/mirror_states.hpp"
#include "support/catch.hpp"

using namespace bgplb;
using namespace bgplb::test::mirror;
using netlink::Change;
using netlink::Changes;
using netlink::Link;
using netlink::Mirror;
using netlink::Neighbor;
using netlink::Route;

TEST_CASE("Mirror.IgnoresRoutesUnlikeOurs") {
  Mirror mirror = whole();
  const Prefix other = *Prefix::parse("10.0.0.7/32");
  Route route{.destination = other, .table = 254, .protocol = kFirst.routeProtocol(), .ifIndex = 2};
  Route wrong = route;
  SECTION("another table") { wrong.table = 100; }
  SECTION("another protocol") { wrong.protocol = 4; }
  SECTION("a metric") { wrong.metric = 7; }
  SECTION("a gateway") { wrong.gateway = *Address::parse("192.0.2.1"); }
  SECTION("several next hops") { wrong.ifIndex = 0; }
  SECTION("a slot's table, without the slot's next hop") { wrong.table = kFirst.slotTable() + 1; }
  fold(mirror, Change::Present, wrong);
  CHECK(mirror.observe(kBridge) == network());
  CHECK(fold(mirror, Change::Present, route).bridges == kOnlyBridge);
  CHECK(mirror.nextHopRefs(other) == std::set<Mirror::NextHopRef>{{0, 2, 0}});
  fold(mirror, Change::Removed, wrong);
  CHECK(mirror.observe(kBridge).strays.contains(other));  // does not use the group
  fold(mirror, Change::Removed, route);
  CHECK(mirror.observe(kBridge) == network());
}

// An earlier version of this program used the kernel's default metric for IPv6.
TEST_CASE("Mirror.AnIpv6RouteWithTheKernelsMetricIsARouteToCorrect") {
  Mirror mirror = whole();
  const auto group = *mirror.groups(2, Family::V6).begin();
  const Route former{.destination = kVip6,
                     .table = 254,
                     .protocol = kFirst.routeProtocol(),
                     .metric = 1024,
                     .nextHop = group};
  auto expected = network();
  expected.strays = {kVip6};
  CHECK(fold(mirror, Change::Present, former).bridges == kOnlyBridge);
  CHECK(mirror.observe(kBridge) == expected);
  Route current = former;
  current.metric = 1;
  fold(mirror, Change::Removed, current);
  CHECK(mirror.observe(kBridge) == expected);  // packets still have a route
  fold(mirror, Change::Present, current);
  fold(mirror, Change::Removed, former);
  CHECK(mirror.observe(kBridge) == network());
}

TEST_CASE("Mirror.ShowsTheBackendsWhoseUdpFlowsAreReleased") {
  const Prefix vip = GENERATE(kVip4, kVip6);
  const Family family = vip.family();
  const core::PinnedRoute released{vip, core::nextHop(family, 1)};
  const netlink::SlotRule rule{family, 1, true};
  Mirror mirror = whole();
  const auto group = *mirror.groups(2, family).begin();
  const Route route{.destination = vip,
                    .table = kFirst.udpTable() + 1,
                    .protocol = kFirst.routeProtocol(),
                    .nextHop = group};
  auto expected = network();
  CHECK(fold(mirror, Change::Present, route).bridges == kOnlyBridge);
  CHECK(mirror.observe(kBridge) == expected);  // not effective without the rule
  const Mirror withoutRule = mirror;
  CHECK(fold(mirror, Change::Present, rule).bridges == kOnlyBridge);
  expected.released = {released};
  CHECK(mirror.observe(kBridge) == expected);
  CHECK(difference(mirror, whole()) == kOnlyBridge);
  CHECK(difference(withoutRule, mirror) == kOnlyBridge);
  CHECK(fold(mirror, Change::Present, route).bridges.empty());
  CHECK(mirror.unusedRules().empty());
  SECTION("route removed") { fold(mirror, Change::Removed, route); }
  SECTION("route through another nexthop object") {
    Route other = route;
    other.nextHop = 99;
    fold(mirror, Change::Present, other);
    CHECK(mirror.hasReleased(released));
    fold(mirror, Change::Removed, other);
  }
  SECTION("group removed: the kernel removes the route, IPv4 without a notification") {
    fold(mirror, Change::Removed, netlink::NextHop{.id = group});
    expected.groups.erase(family);
    expected.routes.erase(vip);
  }
  expected.released.clear();
  CHECK(mirror.observe(kBridge) == expected);
  CHECK(mirror.unusedRules() == std::set<netlink::SlotRule>{rule});
}

// The recordings are of the first instance. The second one sees the same kernel.
TEST_CASE("Mirror.TheObjectsOfAnotherInstanceAreNotOurs") {
  Mirror mirror(core::Instance(2));
  for (const char* dump :
       {"dump-links", "dump-addresses", "dump-neighbors", "dump-forwarding", "dump-nexthops",
        "dump-routes4", "dump-routes6", "dump-rules4", "dump-rules6"}) {
    CHECK(fold(mirror, dump).bridges.empty());
  }
  CHECK(mirror.bridges().empty());
  CHECK(mirror.observe(kBridge) == core::KernelNetwork{});
  CHECK(mirror.vethsOn(kBridge).empty());
  CHECK(mirror.nextHopRefs(kVip4).empty());
  CHECK(mirror.unusedRules().empty());
  const auto refused = mirror.ourBridge(kBridge);
  REQUIRE(!refused.has_value());
  CHECK(refused.error().kind == ErrorKind::Conflict);
  CHECK(refused.error().message == kBridge + " is a bridge of the plugin with INSTANCE=1");
  CHECK(fold(mirror, "route-removed").bridges.empty());
}
