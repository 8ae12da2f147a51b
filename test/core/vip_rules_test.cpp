#include "core/vip_rules.hpp"

#include "support/build.hpp"
#include "support/catch.hpp"

#include <random>

using namespace bgplb;
using namespace bgplb::test;

namespace {

const NetworkId kBridge{"dddddddddd4444444444444444444444444444444444444444444444444444444"};

core::NetworkReport bridge(const NetworkId& id, const std::vector<Prefix>& subnets,
                           bool advertise = false) {
  core::NetworkReport report{.id = id, .name = "lan", .driver = "bridge", .subnets = subnets};
  if (advertise) report.labels["bgplb_advertise"] = "true";
  return report;
}

// The host 192.168.8.40 with a router on its network and another one behind 192.168.8.1, and with a
// Docker bridge network.
struct World {
  World() {
    needs.addresses = {ip("127.0.0.1"), ip("192.168.8.40"), ip("2001:db8:8::40")};
    needs.connected = {net("192.168.8.0/24"), net("2001:db8:8::/64")};
    needs.peers = {ip("192.168.8.137"), ip("10.255.0.1"), ip("2001:db8:8::137")};
    needs.nextHops = {{ip("192.168.8.1"), ip("10.255.0.1")}};
    listNetwork(facts, bridge(kBridge, {net("172.23.0.0/24"), net("2001:db8::/64")}), false);
  }
  Result<void> check(const char* vip) const {
    return core::checkVip(facts, needs, policy, net(vip));
  }
  core::Facts facts;
  core::HostNeeds needs;
  core::Policy policy;
};

}  // namespace

TEST_CASE("VipRules.AnAddressThatTheHostNeedsIsRefused_WithTheReason") {
  const World world;
  const auto [vip, kind, words] = GENERATE(table<const char*, ErrorKind, const char*>({
      {"192.168.8.137/32", ErrorKind::Conflict,
       "VIP 192.168.8.137 is the address of a BGP peer of this host"},
      {"10.255.0.1/32", ErrorKind::Conflict, "is the address of a BGP peer"},
      {"2001:db8:8::137/128", ErrorKind::Conflict, "is the address of a BGP peer"},
      {"192.168.8.1/32", ErrorKind::Conflict,
       "VIP 192.168.8.1 is the next hop of this host towards the BGP peer 10.255.0.1"},
      {"192.168.8.40/32", ErrorKind::Conflict, "VIP 192.168.8.40 is an address of this host"},
      {"2001:db8:8::40/128", ErrorKind::Conflict, "is an address of this host"},
      {"172.23.0.25/32", ErrorKind::Conflict,
       "VIP 172.23.0.25 lies inside the subnet 172.23.0.0/24 of the Docker network lan"},
      {"172.23.0.0/32", ErrorKind::Conflict, "lies inside the subnet"},
      {"172.23.0.255/32", ErrorKind::Conflict, "lies inside the subnet"},
      {"2001:db8::25/128", ErrorKind::Conflict, "lies inside the subnet 2001:db8::/64"},
      {"10.0.0.0/24", ErrorKind::Invalid, "10.0.0.0/24 is not one address"},
      {"127.0.0.1/32", ErrorKind::Invalid, "127.0.0.1 is not an address others can send to"},
      {"0.1.2.3/32", ErrorKind::Invalid, "not an address others can send to"},
      {"169.254.1.1/32", ErrorKind::Invalid, "not an address others can send to"},
      {"224.0.0.5/32", ErrorKind::Invalid, "not an address others can send to"},
      {"240.0.0.1/32", ErrorKind::Invalid, "not an address others can send to"},
      {"::1/128", ErrorKind::Invalid, "not an address others can send to"},
      {"::10.0.0.101/128", ErrorKind::Invalid, "not an address others can send to"},
      {"::ffff:10.0.0.101/128", ErrorKind::Invalid, "not an address others can send to"},
      {"fe80::1/128", ErrorKind::Invalid, "not an address others can send to"},
      {"ff02::1/128", ErrorKind::Invalid, "not an address others can send to"},
  }));
  CAPTURE(vip);
  const auto refused = world.check(vip);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == kind);
  CAPTURE(refused.error().message);
  CHECK(refused.error().message.find(words) != std::string::npos);
}

TEST_CASE("VipRules.AReasonCannotControlTheTerminal") {
  World world;
  auto report = bridge(kBridge, {net("172.23.0.0/24")});
  report.name = "x\x1b]0;title\x07";
  listNetwork(world.facts, report, false);
  CHECK(world.check("172.23.0.25/32").error().message.find("network x\\x1b]0;title\\x07") !=
        std::string::npos);
}

TEST_CASE("VipRules.OtherAddressesAreAllowed") {
  const World world;
  for (const char* vip : {"10.0.0.101/32", "192.168.8.50/32", "172.22.255.255/32", "172.24.0.0/32",
                          "2001:db8:0:1::101/128", "2001:db7:ffff::1/128"}) {
    CAPTURE(vip);
    CHECK(world.check(vip));
  }
  CHECK(core::connectedWarning(world.needs, net("10.0.0.101/32")).empty());
  CHECK(core::connectedWarning(world.needs, net("192.168.8.50/32")).find("192.168.8.0/24") !=
        std::string::npos);
}

TEST_CASE("VipRules.TheVipOfAnotherNetworkIsRefused") {
  World world;
  core::networkCreated(world.facts, kWeb1, net("10.0.0.101/32"), net("2001:db8:0:1::1/128"));
  CHECK(core::checkHolder(world.facts, kWeb1, net("10.0.0.101/32")));
  CHECK(core::checkHolder(world.facts, kWeb2, net("10.0.0.102/32")));
  for (const char* vip : {"10.0.0.101/32", "2001:db8:0:1::1/128"}) {
    const auto refused = core::checkHolder(world.facts, kWeb2, net(vip));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::Conflict);
    CHECK(refused.error().message.find("network aaaaaaaaa111 already has VIP") !=
          std::string::npos);
  }
}

TEST_CASE("VipRules.AllowedPrefixesLimitVipsAndGatewaySubnets") {
  World world;
  world.policy.allowedPrefixes = {net("10.0.0.0/24"), net("172.23.0.0/16"), net("10.7.0.1/32")};
  CHECK(world.check("10.0.0.0/32"));
  CHECK(world.check("10.0.0.255/32"));
  CHECK(world.check("10.7.0.1/32"));
  for (const char* vip : {"10.0.1.0/32", "10.7.0.2/32", "2001:db8:0:1::101/128"}) {
    CAPTURE(vip);
    const auto refused = world.check(vip);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::Invalid);
    CHECK(refused.error().message.find(
              "lies outside of ALLOWED_PREFIXES (10.0.0.0/24, 172.23.0.0/16, 10.7.0.1/32)") !=
          std::string::npos);
  }

  listNetwork(
      world.facts,
      bridge(kBridge, {net("172.23.0.0/24"), net("10.0.0.0/23"), net("2001:db8::/64")}, true),
      false);
  const auto gateways = core::gatewaySubnets(world.facts, world.needs, world.policy);
  CHECK(gateways.announced == std::map<Prefix, NetworkId>{{net("172.23.0.0/24"), kBridge}});
  CHECK(gateways.refused.size() == 2);
}

TEST_CASE("VipRules.GatewaySubnetsThatWouldAttractForeignTrafficAreRefused") {
  World world;
  const auto [subnet, words] = GENERATE(table<const char*, const char*>({
      {"172.24.0.0/24", ""},
      {"10.0.0.0/9", ""},
      {"8.0.0.0/8", ""},
      {"192.0.1.0/24", ""},
      {"2001:db8:24::/64", ""},
      {"2001::/17", "contains the BGP peer 2001:db8:8::137"},
      {"2002::/16", ""},
      {"10.255.0.1/32", "gateway subnet 10.255.0.1/32 contains the BGP peer 10.255.0.1"},
      {"192.168.8.128/25", "contains the BGP peer 192.168.8.137"},
      {"192.168.8.0/30", "contains 192.168.8.1, the next hop towards the BGP peer 10.255.0.1"},
      {"10.0.0.0/7", "gateway subnet 10.0.0.0/7 is larger than a /8"},
      {"0.0.0.0/0", "is larger than a /8"},
      {"2001::/15", "is larger than a /16"},
      {"::/0", "is larger than a /16"},
      {"0.0.0.0/8", "has addresses that others cannot send to"},
      {"127.1.0.0/16", "has addresses that others cannot send to"},
      {"169.0.0.0/8", "has addresses that others cannot send to"},
      {"169.254.7.0/24", "has addresses that others cannot send to"},
      {"192.0.0.0/9", "has addresses that others cannot send to"},
      {"224.0.0.0/8", "has addresses that others cannot send to"},
      {"250.0.0.0/8", "has addresses that others cannot send to"},
      {"::ffff:10.0.0.0/104", "has addresses that others cannot send to"},
      {"100::/64", "has addresses that others cannot send to"},
      {"fe80::/16", "has addresses that others cannot send to"},
      {"fe9f::/16", "has addresses that others cannot send to"},
      {"ff02::/16", "has addresses that others cannot send to"},
  }));
  CAPTURE(subnet);
  listNetwork(world.facts, bridge(kBridge, {net(subnet)}, true), false);
  const auto gateways = core::gatewaySubnets(world.facts, world.needs, world.policy);
  if (std::string(words).empty()) {
    CHECK(gateways.announced == std::map<Prefix, NetworkId>{{net(subnet), kBridge}});
    CHECK(gateways.refused.empty());
  } else {
    CHECK(gateways.announced.empty());
    REQUIRE(gateways.refused.size() == 1);
    CHECK(gateways.refused.begin()->first == std::pair(kBridge, net(subnet)));
    CAPTURE(gateways.refused.begin()->second);
    CHECK(gateways.refused.begin()->second.find(words) != std::string::npos);
  }
}

TEST_CASE("VipRules.ABridgeWithoutTheLabelHasNoGatewaySubnet") {
  const World world;
  const auto gateways = core::gatewaySubnets(world.facts, world.needs, world.policy);
  CHECK(gateways.announced.empty());
  CHECK(gateways.refused.empty());
}

// Random nested subnets in a small range, so that many of them contain the address. The index must
// give the same answer as a comparison with every subnet.
TEST_CASE("VipRules.TheIndexOfBridgeSubnetsFindsEachSubnetThatContainsAVip") {
  std::mt19937 random(GENERATE(range(0U, 40U)));
  const auto number = [&random](unsigned most) {
    return std::uniform_int_distribution<unsigned>(0, most)(random);
  };
  const auto address = [&number](Family family) {
    std::array<std::uint8_t, 16> bytes{};
    bytes[0] = family == Family::V4 ? 10 : 0x20;
    for (std::size_t i = 1; i < bytes.size(); ++i) bytes[i] = number(2) == 0 ? 0x80 : 0;
    return Address::fromBytes(family, bytes.data());
  };
  core::Facts facts;
  std::vector<NetworkId> bridges;
  for (unsigned i = 0; i < 12; ++i) {
    std::vector<Prefix> subnets;
    for (const auto family : {Family::V4, Family::V6}) {
      subnets.push_back(Prefix::of(address(family), 8 + number(family == Family::V4 ? 24 : 56)));
    }
    bridges.emplace_back("bridge" + std::to_string(i));
    listNetwork(facts, bridge(bridges.back(), subnets), false);
  }
  for (unsigned i = 0; i < 3; ++i) core::bridgeDestroyed(facts, bridges[number(11)]);

  for (unsigned i = 0; i < 200; ++i) {
    const Prefix vip = Prefix::host(address(i % 2 == 0 ? Family::V4 : Family::V6));
    bool inside = false;
    for (const auto& [id, known] : facts.bridges) {
      for (const auto& subnet : known.subnets) inside = inside || subnet.contains(vip.address());
    }
    CAPTURE(vip.toString());
    CHECK(core::checkVip(facts, {}, {}, vip).has_value() == !inside);
  }
}

TEST_CASE("VipRules.AChangedBridgeTouchesTheNetworksWithVipsInItsSubnets") {
  core::Facts facts;
  core::networkCreated(facts, kWeb1, net("172.23.0.25/32"), net("2001:db8::25/128"));
  core::networkCreated(facts, kWeb2, net("172.24.0.25/32"), std::nullopt);
  using core::Touched;
  CHECK(listNetwork(facts, bridge(kBridge, {net("172.22.0.0/24")}), false).empty());
  CHECK(listNetwork(facts, bridge(kBridge, {net("172.23.0.0/24")}), false) == Touched{kWeb1});
  CHECK(listNetwork(facts, bridge(kBridge, {net("172.23.0.0/24")}), false).empty());
  CHECK(listNetwork(facts, bridge(kBridge, {net("172.24.0.0/13")}), false) ==
        Touched{kWeb1, kWeb2});
  CHECK(listNetwork(facts, bridge(kBridge, {net("2001:db8::/64")}), false) ==
        Touched{kWeb1, kWeb2});
  CHECK(core::bridgeDestroyed(facts, kBridge) == Touched{kWeb1});
  CHECK(facts.bySubnet.empty());

  listNetwork(facts, bridge(kBridge, {net("172.24.0.0/24")}), false);
  CHECK(listNetworks(facts, {}, {}) == Touched{kWeb2});  // the list does not contain the bridge
  CHECK(facts.bySubnet.empty());
}

TEST_CASE("VipRules.ChangedNeedsOfTheHostTouchTheNetworksWithTheseAddresses") {
  core::Facts facts;
  core::networkCreated(facts, kWeb1, net("10.0.0.101/32"), net("2001:db8:0:1::101/128"));
  core::networkCreated(facts, kWeb2, net("10.0.0.102/32"), std::nullopt);
  core::HostNeeds more;
  SECTION("an address") { more.addresses = {ip("10.0.0.101"), ip("10.0.0.9")}; }
  SECTION("a peer") { more.peers = {ip("2001:db8:0:1::101")}; }
  SECTION("a next hop") { more.nextHops = {{ip("10.0.0.101"), ip("10.9.9.9")}}; }
  CHECK(core::affectedVips(facts, {}, more) == core::Touched{kWeb1});
  CHECK(core::affectedVips(facts, more, {}) == core::Touched{kWeb1});
  more.nextHops.clear();
  CHECK(core::affectedVips(facts, more, more).empty());
}

TEST_CASE("VipRules.TheOtherNetworkWithTheVipIsTouched_WhenOneIsRemoved") {
  core::Facts facts;
  core::networkCreated(facts, kWeb1, net("10.0.0.101/32"), std::nullopt);
  const core::NetworkReport second{
      .id = kWeb2, .name = "web2", .driver = "bgplb", .subnets = {net("10.0.0.101/32")}};
  CHECK(listNetwork(facts, second, true) == core::Touched{kWeb1, kWeb2});
  CHECK(listNetwork(facts, second, true) == core::Touched{kWeb2});
  CHECK(core::networkDeleted(facts, kWeb1) == core::Touched{kWeb1, kWeb2});
}

TEST_CASE("VipRules.TheVipOfAnotherPluginsNetworkIsRefused") {
  core::Facts facts;
  core::NetworkReport other{.id = kWeb2, .name = "web2", .driver = "old:latest"};
  other.subnets = {net("10.0.0.101/32")};
  listNetwork(facts, other, false);
  const auto refused = core::checkOtherNetworks(facts, kWeb1, net("10.0.0.101/32"));
  REQUIRE(!refused.has_value());
  CHECK(refused.error().message ==
        "network web2 of driver old:latest already has VIP 10.0.0.101; remove it first");
  CHECK(core::checkOtherNetworks(facts, kWeb1, net("10.0.0.102/32")).has_value());
  // Swarm: dockerd lists the network before the leader has allocated its driver.
  CHECK(core::checkOtherNetworks(facts, kWeb2, net("10.0.0.101/32")).has_value());
  core::networkCreated(facts, kWeb2, net("10.0.0.101/32"), std::nullopt);
  CHECK(facts.others.empty());
  listNetwork(facts, other, true);
  CHECK(core::checkOtherNetworks(facts, kWeb1, net("10.0.0.101/32")).has_value());
}
