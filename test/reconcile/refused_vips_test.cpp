// VIPs and gateway subnets that the host refuses: networks from dockerd's lists, and VIPs that
// become refused, and allowed again, after they were announced.
#include "reconcile/web1_host.hpp"

#include "support/catch.hpp"

using namespace bgplb;
using namespace bgplb::test;
using core::Health;

namespace {

const NetworkId kBridge{"dddddddddd4444444444444444444444444444444444444444444444444444444"};

struct RefusingHost : Host {
  void addBridge(const std::vector<Prefix>& subnets, bool advertise = false) {
    core::NetworkReport report{.id = kBridge, .name = "lan", .driver = "bridge"};
    report.subnets = subnets;
    if (advertise) report.labels["bgplb_advertise"] = "true";
    touch(listNetwork(facts(), report, false));
    reconciler.touchBridges();
    step();
  }
  void removeBridge() {
    reconciler.touch(core::bridgeDestroyed(facts(), kBridge));
    reconciler.touchBridges();
    step();
  }
  void needs(core::HostNeeds needs) {
    reconciler.setHostNeeds(std::move(needs));
    step();
  }
  void allow(std::vector<Prefix> prefixes) {
    auto policy = kPolicy;
    policy.allowedPrefixes = std::move(prefixes);
    reconciler.setPolicy(policy);
    step();
  }
  std::string problem(const NetworkId& id = kWeb1) const { return reconciler.problem(id, vip4); }
  std::size_t pinned4() const {
    std::size_t count = 0;
    for (const auto& route : kernel.observe(bridge).pinned) {
      if (route.destination == vip4) ++count;
    }
    return count;
  }
};

// The reason, and the action that causes and ends the refusal.
struct Shadow {
  const char* name;
  const char* words;
  void (*begin)(RefusingHost&);
  void (*end)(RefusingHost&);
};

const Shadow kShadows[] = {
    {"an address of the host", "is an address of this host",
     [](RefusingHost& host) { host.needs({.addresses = {ip("10.0.0.101")}}); },
     [](RefusingHost& host) { host.needs({}); }},
    {"a peer", "is the address of a BGP peer",
     [](RefusingHost& host) { host.needs({.peers = {ip("10.0.0.101")}}); },
     [](RefusingHost& host) { host.needs({}); }},
    {"a next hop", "is the next hop of this host towards the BGP peer 10.9.9.9",
     [](RefusingHost& host) {
       host.needs({.nextHops = {{ip("10.0.0.101"), ip("10.9.9.9")}}});
     },
     [](RefusingHost& host) { host.needs({}); }},
    {"a bridge network", "lies inside the subnet 10.0.0.0/24 of the Docker network lan",
     [](RefusingHost& host) { host.addBridge({net("10.0.0.0/24")}); },
     [](RefusingHost& host) { host.removeBridge(); }},
    {"ALLOWED_PREFIXES", "lies outside of ALLOWED_PREFIXES (2001:db8:0:1::/64)",
     [](RefusingHost& host) { host.allow({net("2001:db8:0:1::/64")}); },
     [](RefusingHost& host) { host.allow({}); }},
};

}  // namespace

TEST_CASE("RefusedVips.AVipThatShadowsSomethingLaterIsWithdrawn_ThenItsRouteIsRemoved") {
  const auto& shadow = GENERATE(from_range(std::begin(kShadows), std::end(kShadows)));
  CAPTURE(shadow.name);
  RefusingHost host;
  host.makeReady();
  REQUIRE(host.announced());

  shadow.begin(host);
  CHECK_FALSE(host.announced());
  CHECK(host.routed());  // BIRD has not confirmed the withdrawal
  CHECK(host.problem().find(shadow.words) != std::string::npos);
  host.confirm();
  CHECK_FALSE(host.routed());  // at once, without DRAIN_GRACE
  CHECK(host.pinned4() == 0);
  // The VIP of the other family is not affected.
  CHECK(host.routing.wanted == std::set<Prefix>{host.vip6});
  CHECK(host.kernel.observe(host.bridge).routes == std::set<Prefix>{host.vip6});
  CHECK(host.reconciler.problem(kWeb1, host.vip6).empty());
  host.reconciler.touchAll(host.now);
  host.step();
  CHECK_FALSE(host.routed());

  shadow.end(host);
  CHECK(host.announced());
  CHECK(host.routed());
  CHECK(host.pinned4() == 1);
  CHECK(host.problem().empty());
}

TEST_CASE("RefusedVips.ANetworkFromAListIsNeitherRoutedNorAnnounced") {
  RefusingHost host;
  host.needs({.peers = {ip("10.0.0.101")}});
  core::NetworkReport report{.id = kWeb1, .name = "web1", .driver = "bgplb"};
  report.subnets = {host.vip4, host.vip6};
  host.facts().listed = true;
  host.touch(listNetworks(host.facts(), {report}, {kWeb1}));
  host.join(kEp1, "02:00:00:00:00:01");
  host.report(kCtr1, kEp1, Health::Healthy);
  CHECK(host.routing.wanted == std::set<Prefix>{host.vip6});
  CHECK(host.kernel.observe(host.bridge).routes == std::set<Prefix>{host.vip6});
  CHECK(host.problem() == "VIP 10.0.0.101 is the address of a BGP peer of this host");
}

// The withdrawal of a VIP without a daemon needs no confirmation.
TEST_CASE("RefusedVips.TheRouteIsRemovedAtOnce_IfNoDaemonRuns") {
  RefusingHost host;
  host.makeReady();
  host.routing.wanted.clear();
  host.needs({.addresses = {ip("10.0.0.101")}});
  CHECK_FALSE(host.routed());
}

// A previous controller announced the VIP with other settings. Its route leads the new session into
// the container.
TEST_CASE("RefusedVips.ARouteOfAPreviousControllerIsRemoved_BeforeTheFirstLists") {
  RefusingHost host;
  auto& there = host.kernel.networks[host.bridge];
  const Address via = core::nextHop(Family::V4, 1);
  there.bridge = true;
  there.veths = {core::vethHostName(kEp1)};
  there.neighbors[via] = mac("02:00:00:00:00:01");
  there.nextHops = {via};
  there.groups[Family::V4] = {via};
  there.routes = {host.vip4};
  there.pinned = {{host.vip4, via}};
  host.kernel.existing = there.veths;
  host.routing.unconfirmed = {host.vip4};
  host.needs({.peers = {ip("10.0.0.101")}});
  host.touch(core::endpointCreated(host.facts(), kWeb1, kEp1, ip("10.0.0.101"), std::nullopt,
                                   mac("02:00:00:00:00:01")));
  CHECK(host.routing.withdrawn.contains(host.vip4));
  CHECK(host.routed());
  host.confirm();
  CHECK_FALSE(host.routed());
  CHECK(host.pinned4() == 0);
  CHECK(host.kernel.observe(host.bridge).veths == std::set<std::string>{core::vethHostName(kEp1)});
}

namespace {

// web1 has a ready backend. web2 has the same VIP and a ready backend as well.
struct TwoNetworks : RefusingHost {
  const std::string bridge2 = core::bridgeName(kWeb2);
  bool routed2() const { return kernel.observe(bridge2).routes.contains(vip4); }
  void second() {
    core::NetworkReport report{.id = kWeb2, .name = "web2", .driver = "bgplb"};
    report.subnets = {vip4};
    touch(listNetwork(facts(), report, true));
    touch(core::endpointCreated(facts(), kWeb2, kEp2, vip4.address(), std::nullopt,
                                mac("02:00:00:00:00:02")));
    touch(core::endpointLink(facts(), kEp2, core::LinkState::Joining));
    touch(core::endpointLink(facts(), kEp2, core::LinkState::Joined));
    touch(core::containerReported(facts(), test::report(kCtr2, kWeb2, kEp2, Health::Healthy), now));
  }
};

}  // namespace

TEST_CASE("RefusedVips.OfTwoNetworksWithOneVip_TheOneThatUsesItKeepsIt") {
  TwoNetworks host;
  host.makeReady();
  host.second();
  CHECK(host.announced());
  CHECK(host.routed());
  CHECK_FALSE(host.routed2());
  CHECK(host.problem().empty());
  CHECK(host.problem(kWeb2).find("already has VIP 10.0.0.101") != std::string::npos);

  SECTION("the second network gets the VIP after the first is removed") {
    host.touch(core::networkDeleted(host.facts(), kWeb1));
    host.confirm();
    CHECK(host.announced());
    CHECK(host.routed2());
    CHECK(host.problem(kWeb2).empty());
  }
  SECTION("the second network is removed") {
    host.touch(core::networkDeleted(host.facts(), kWeb2));
    host.confirm();
    CHECK(host.announced());
    CHECK(host.routed());
  }
}

// web1 has the lower id, but a previous controller has announced web2's VIP.
TEST_CASE("RefusedVips.OfTwoNetworksWithOneVip_TheOneWithTheHostRouteKeepsItAfterARestart") {
  TwoNetworks host;
  const MacAddress address = mac("02:00:00:00:00:02");
  auto& there = host.kernel.networks[host.bridge2];
  const Address via = core::nextHop(Family::V4, 1);
  there.bridge = true;
  there.veths = {core::vethHostName(kEp2)};
  there.neighbors[via] = address;
  there.nextHops = {via};
  there.groups[Family::V4] = {via};
  there.routes = {host.vip4};
  there.pinned = {{host.vip4, via}};
  host.kernel.existing = there.veths;
  host.routing.unconfirmed = {host.vip4};

  std::vector<core::NetworkReport> networks;
  for (const auto& id : {kWeb1, kWeb2}) {
    networks.push_back({.id = id, .name = "web", .driver = "bgplb", .subnets = {host.vip4}});
  }
  auto container = test::report(kCtr2, kWeb2, kEp2, Health::Healthy);
  container.attachments.front().mac = address;
  listNetworks(host.facts(), networks, {kWeb1, kWeb2});
  listContainers(host.facts(), {listed(container)}, host.now);
  core::containerReported(host.facts(), container, host.now);
  host.reconciler.touchAll(host.now);
  host.step();
  host.join(kEp1, "02:00:00:00:00:01");
  host.report(kCtr1, kEp1, Health::Healthy);
  CHECK(host.routing.withdrawn.empty());
  CHECK(host.announced());
  CHECK(host.routed2());
  CHECK_FALSE(host.routed());
  CHECK(host.problem() == "network web already has VIP 10.0.0.101");
}

TEST_CASE("RefusedVips.RemovingABridgeWithTheVipAsItsSubnet_DoesNotWithdrawTheVip") {
  RefusingHost host;
  host.makeReady();
  host.addBridge({host.vip4}, true);
  CHECK(host.announced());  // as the gateway's subnet
  CHECK_FALSE(host.routed());
  CHECK(host.problem().find("lies inside the subnet 10.0.0.101/32") != std::string::npos);
  host.removeBridge();
  CHECK(host.announced());  // as the VIP
  CHECK(host.routed());
  CHECK(host.problem().empty());
  host.reconciler.touchAll(host.now);
  host.step();
  CHECK(host.announced());
}

TEST_CASE("RefusedVips.AGatewaySubnetIsWithdrawn_WhenItContainsAPeer") {
  RefusingHost host;
  host.create();
  const auto subnet = net("172.23.0.0/24");
  host.addBridge({subnet}, true);
  CHECK(host.routing.wanted == std::set<Prefix>{subnet});
  host.needs({.peers = {ip("172.23.0.9")}});
  CHECK(host.routing.wanted.empty());
  CHECK(host.reconciler.gatewayProblem(kBridge, subnet) ==
        "gateway subnet 172.23.0.0/24 contains the BGP peer 172.23.0.9");
  host.needs({});
  CHECK(host.routing.wanted == std::set<Prefix>{subnet});
  CHECK(host.reconciler.gatewayProblem(kBridge, subnet).empty());
  host.allow({net("10.0.0.0/8")});
  CHECK(host.routing.wanted.empty());
  host.allow({net("172.16.0.0/12")});
  CHECK(host.routing.wanted == std::set<Prefix>{subnet});
}
