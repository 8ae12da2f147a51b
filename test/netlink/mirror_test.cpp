// Tests of folding recorded notifications into the mirror: the resulting state and the reported
// changes.
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

TEST_CASE("Mirror.ShowsTheDumpedObjects") {
  const Mirror mirror = whole();
  CHECK(mirror.observe(kBridge) == network());
  CHECK(mirror.bridges() == kOnlyBridge);
  CHECK(mirror.veths() == std::set<std::string>{kVeth});
  CHECK(mirror.addresses().size() == 6);
  CHECK(mirror.observe("eth9") == core::KernelNetwork{});  // a bridge, but not ours
  CHECK(mirror.observe("nowhere") == core::KernelNetwork{});
}

TEST_CASE("Mirror.DoesNotDependOnTheOrderOfTheDumps") {
  Mirror mirror(kFirst);
  for (const char* dump :
       {"dump-rules6", "dump-rules4", "dump-routes6", "dump-routes4", "dump-nexthops",
        "dump-forwarding", "dump-neighbors", "dump-addresses", "dump-links"}) {
    fold(mirror, dump);
  }
  CHECK(mirror.observe(kBridge) == network());
  CHECK(difference(mirror, whole()).empty());
}

TEST_CASE("Mirror.DifferAgreesWithObserve") {
  const std::string recording = GENERATE(
      "port-leaves", "port-returns", "port-down-and-up", "port-without-carrier", "neighbor-removed",
      "nexthops-flushed", "pinned-route-removed", "route-removed", "route-replaced", "rule-removed",
      "bridge-down", "bridge-removed", "bridge-renamed", "last-ipv4-address-removed", "ack");
  INFO(recording);
  const Mirror before = whole();
  Mirror after = whole();
  fold(after, recording);
  const bool differs = before.observe(kBridge) != after.observe(kBridge);
  CHECK(difference(before, after).contains(kBridge) == differs);
  CHECK(difference(after, before).contains(kBridge) == differs);
  CHECK(difference(before, whole()).empty());
}

TEST_CASE("Mirror.FollowsTheNotifications") {
  Mirror mirror = whole();
  auto expected = network();
  const auto after = [&mirror](const char* recording) {
    const Changes changes = fold(mirror, recording);
    CHECK(changes.bridges == kOnlyBridge);
    CHECK(!changes.unsure);
    return mirror.observe(kBridge);
  };
  SECTION("port leaves") {
    expected.veths.clear();
    expected.isolated.clear();
    CHECK(after("port-leaves") == expected);
    CHECK(mirror.veths().contains(kVeth));
  }
  // Even a short loss of carrier removes the next hops, and the IPv4 route without a notification.
  const auto loseNextHops = [&expected] {
    expected.nextHops.clear();
    expected.groups.clear();
    expected.routes.clear();
  };
  SECTION("port returns") {
    loseNextHops();
    expected.isolated.clear();  // a port that leaves the bridge loses its settings
    CHECK(after("port-returns") == expected);
  }
  SECTION("port down and up") {
    loseNextHops();
    CHECK(after("port-down-and-up") == expected);
  }
  SECTION("neighbor") {
    expected.neighbors.erase(kHop4);
    CHECK(after("neighbor-removed") == expected);
  }
  SECTION("route") {
    expected.routes.erase(kVip4);
    CHECK(after("route-removed") == expected);
  }
  SECTION("next hops flushed: the IPv4 route is removed without a notification") {
    loseNextHops();
    CHECK(after("nexthops-flushed") == expected);
  }
  SECTION("no port has carrier: next hops and IPv4 route are removed without a notification") {
    loseNextHops();
    CHECK(after("port-without-carrier") == expected);
  }
  SECTION("rule removed: the pinned route is not effective") {
    expected.pinned.erase({kVip4, kHop4});
    CHECK(after("rule-removed") == expected);
  }
  SECTION("pinned route") {
    expected.pinned.erase({kVip4, kHop4});
    CHECK(after("pinned-route-removed") == expected);
    CHECK(mirror.unusedRules() == std::set<netlink::SlotRule>{{Family::V4, 1}});
  }
  SECTION("bridge down: the IPv4 objects are removed without a notification") {
    expected = {.bridge = false, .veths = expected.veths, .isolated = expected.isolated};
    CHECK(after("bridge-down") == expected);
  }
  SECTION(
      "last IPv4 address removed: the IPv4 routes on the link are removed without a notification") {
    expected.pinned.erase({kVip4, kHop4});
    expected.neighbors.erase(kHop4);  // with a notification
    CHECK(after("last-ipv4-address-removed") == expected);
  }
  SECTION("bridge removed") {
    CHECK(after("bridge-removed") == core::KernelNetwork{});
    CHECK(mirror.bridges().empty());
    CHECK(mirror.link(kVeth)->master == 0);
  }
  SECTION("bridge renamed") {
    CHECK(after("bridge-renamed") == core::KernelNetwork{});
    CHECK(mirror.bridges().empty());
  }
}

TEST_CASE("Mirror.RequestsADump_WhenARouteWasReplaced") {
  Mirror mirror = whole();
  const Changes changes = fold(mirror, "route-replaced");
  CHECK(changes.unsure);
  CHECK(changes.hostNetwork);  // a foreign route has appeared
}

TEST_CASE("Mirror.DoubtsNextHops_AfterAPossibleUnnoticedLossOfCarrier") {
  Mirror mirror(kFirst);
  const Link bridge{
      .index = 70, .name = "bgplb-second000", .kind = "bridge", .mtu = 1500, .up = true};
  CHECK(fold(mirror, Change::Present, bridge).doubtfulLinks.empty());
  CHECK(fold(mirror, Change::Present, bridge).doubtfulLinks.empty());
  const netlink::NextHop hop{
      .id = 9, .protocol = kFirst.routeProtocol(), .ifIndex = 70, .gateway = kHop4};
  fold(mirror, Change::Present, hop);
  CHECK(fold(mirror, Change::Present, bridge).doubtfulLinks == std::set<int>{70});
  Link running = bridge;
  running.running = true;
  CHECK(fold(mirror, Change::Present, running).doubtfulLinks.empty());
  CHECK(fold(mirror, Change::Present, bridge).doubtfulLinks.empty());  // a notification of the loss
  CHECK(mirror.observe(bridge.name).nextHops.empty());
}

TEST_CASE("Mirror.KeepsOnlyTheNextHopsInTheKernel") {
  Mirror mirror(kFirst);
  const Link bridge{
      .index = 70, .name = "bgplb-second000", .kind = "bridge", .mtu = 1500, .up = true};
  fold(mirror, Change::Present, bridge);
  const auto hop = [](std::uint32_t id, const Address& via) {
    return netlink::NextHop{
        .id = id, .protocol = kFirst.routeProtocol(), .ifIndex = 70, .gateway = via};
  };
  fold(mirror, Change::Present, hop(9, kHop4));
  fold(mirror, Change::Present, hop(10, kHop6));
  fold(mirror, Change::Present,
       netlink::NextHop{.id = 11, .protocol = kFirst.routeProtocol(), .members = {9}});
  fold(mirror, Change::Present,
       netlink::NextHop{.id = 12, .protocol = kFirst.routeProtocol(), .members = {10}});
  Changes changes;
  mirror.keepNextHops(70, {9, 10}, changes);
  CHECK(changes.empty());
  mirror.keepNextHops(70, {10}, changes);
  CHECK(changes.bridges == std::set<std::string>{bridge.name});
  CHECK(mirror.nextHop(9) == nullptr);
  CHECK(mirror.nextHop(11) == nullptr);  // a group without members
  CHECK(mirror.groups(70, Family::V6) == std::set<std::uint32_t>{12});
  mirror.keepNextHops(71, {}, changes);
}

TEST_CASE("Mirror.ReportsNoChange_WhenNothingVisibleChanged") {
  Mirror mirror = whole();
  CHECK(fold(mirror, "dump-links").empty());
  CHECK(fold(mirror, "dump-neighbors").empty());
  CHECK(fold(mirror, "dump-forwarding").empty());
  CHECK(fold(mirror, "dump-routes4").bridges.empty());
  CHECK(fold(mirror, "dump-addresses").empty());
  const Link veth{.index = 50, .name = "veth1234", .kind = "veth", .master = 9, .up = true};
  CHECK(fold(mirror, Change::Present, veth).empty());
  CHECK(fold(mirror, Change::Removed, veth).empty());
  const Neighbor passing{.ifIndex = 2, .address = *Address::parse("10.0.0.9"), .mac = kMac};
  CHECK(fold(mirror, Change::Present, passing).empty());
  const Route linkLocal{.destination = *Prefix::parse("fe80::/64"), .table = 254, .ifIndex = 50};
  CHECK(fold(mirror, Change::Present, linkLocal).empty());
  reconcile::HostAddress scoped{.subnet = *Prefix::parse("fe80::/64"),
                                .address = *Address::parse("fe80::1"),
                                .ifIndex = 50,
                                .usable = false};
  CHECK(fold(mirror, Change::Present, scoped).empty());
  CHECK(fold(mirror, Change::Removed, scoped).empty());
}

TEST_CASE("Mirror.ReportsChangesOfTheHostNetwork") {
  Mirror mirror = whole();
  const Link eth{.index = 60, .name = "eth0", .mtu = 1500, .up = true, .running = true};
  CHECK(fold(mirror, Change::Present, eth).hostNetwork);
  CHECK(!fold(mirror, Change::Present, eth).hostNetwork);
  Link down = eth;
  down.up = false;
  CHECK(fold(mirror, Change::Present, down).hostNetwork);
  const Route fallback{.destination = *Prefix::parse("0.0.0.0/0"), .table = 254, .ifIndex = 60};
  CHECK(fold(mirror, Change::Present, fallback).hostNetwork);
  CHECK(fold(mirror, Change::Removed, fallback).hostNetwork);
  reconcile::HostAddress tentative{.subnet = *Prefix::parse("2001:db8:9::/64"),
                                   .address = *Address::parse("2001:db8:9::1"),
                                   .ifIndex = 60,
                                   .usable = false};
  CHECK(fold(mirror, Change::Present, tentative).hostNetwork);  // no VIP may be this address
  CHECK(!fold(mirror, Change::Present, tentative).hostNetwork);
  tentative.usable = true;
  CHECK(fold(mirror, Change::Present, tentative).hostNetwork);
  CHECK(fold(mirror, Change::Removed, eth).hostNetwork);
}

TEST_CASE("Mirror.DifferFindsMissedNotifications") {
  const Mirror before = whole();
  Mirror after = before;
  CHECK(difference(before, after).empty());
  fold(after, "neighbor-removed");
  CHECK(difference(before, after) == kOnlyBridge);
  fold(after, "bridge-removed");
  CHECK(difference(before, after) == kOnlyBridge);
  CHECK(difference(after, before) == kOnlyBridge);
  CHECK(before.addresses() == after.addresses());
}

TEST_CASE("Mirror.FollowsASwapOfNames") {
  Mirror mirror = whole();
  const Link ours = *mirror.link(kBridge);
  Link second{.index = 70,
              .name = "bgplb-second000",
              .kind = "bridge",
              .mtu = 1500,
              .up = true,
              .running = true};
  fold(mirror, Change::Present, second);
  Link moved = ours;
  moved.name = "temporary";
  fold(mirror, Change::Present, moved);
  second.name = kBridge;
  fold(mirror, Change::Present, second);
  CHECK(mirror.observe(kBridge).routes.empty());
  CHECK(mirror.bridges() == kOnlyBridge);
  moved.name = "bgplb-second000";
  fold(mirror, Change::Present, moved);
  CHECK(mirror.observe("bgplb-second000") == network());
}
