#include "peering.hpp"

#include "fakes/fake_world.hpp"
#include "support/build.hpp"
#include "support/catch.hpp"

using namespace bgplb;
using namespace bgplb::test;

namespace {

// The host 192.168.8.40 with two routers on the same network.
struct Host {
  Host() {
    settings.routerId = ip("192.168.8.40");
    for (const char* address : {"192.168.8.137", "192.168.8.138"}) {
      settings.peers.push_back(
          {.name = core::peerName(ip(address)), .address = ip(address), .as = 64512});
      kernel.ways[ip(address)] = {2, "eth0", {}, {}};
    }
    has("192.168.8.40");
    has("2001:db8:8::40");
  }
  void has(const char* address, int ifIndex = 2) {
    kernel.own.push_back({Prefix::host(ip(address)), ip(address), ifIndex, true});
  }
  Peering peering(const Peering& previous = {}) { return peersFor(settings, kernel, previous); }

  settings::Settings settings;
  FakeKernel kernel;
};

}  // namespace

TEST_CASE("Peering.APeerOnAConnectedNetwork") {
  Host host;
  const auto peering = host.peering();
  CHECK(peering.notes.empty());
  CHECK(peering.links == std::set<std::string>{"eth0"});
  REQUIRE(peering.peers.size() == 2);
  CHECK(peering.peers[0] == core::Peer{.name = "192_168_8_137",
                                       .address = ip("192.168.8.137"),
                                       .as = 64512,
                                       .hops = 1,
                                       .source = ip("192.168.8.40"),
                                       .nextHop4 = ip("192.168.8.40"),
                                       .nextHop6 = ip("2001:db8:8::40")});
}

TEST_CASE("Peering.APeerBehindAGatewayHasNoLimitOfHops") {
  Host host;
  host.kernel.ways[ip("192.168.8.137")].gateway = ip("192.168.8.1");
  CHECK(host.peering().peers[0].hops == std::nullopt);
  CHECK(host.peering().peers[1].hops == 1U);
}

TEST_CASE("Peering.ValuesOfTheSettingsAreKept") {
  Host host;
  host.settings.peers[0].hops = 3;
  host.settings.peers[0].nextHop4 = ip("192.168.8.100");
  host.settings.peers[0].nextHop6 = ip("2001:db8:8::100");
  const auto peer = host.peering().peers[0];
  CHECK(peer.hops == 3U);
  CHECK(peer.nextHop4 == ip("192.168.8.100"));
  CHECK(peer.nextHop6 == ip("2001:db8:8::100"));
  CHECK(peer.source == ip("192.168.8.40"));
}

TEST_CASE("Peering.Ipv6NextHopIsTheLowestAddress_OrRouterId6IfTheHostHasIt") {
  Host host;
  host.has("2001:db8:8::39");
  host.has("2001:db8:8::1", 3);
  CHECK(host.peering().peers[0].nextHop6 == ip("2001:db8:8::39"));
  host.settings.routerId6 = ip("2001:db8:9::40");
  CHECK(host.peering().peers[0].nextHop6 == std::nullopt);
  CHECK(host.peering().notes.size() == 1);
  host.has("2001:db8:9::40", 3);
  CHECK(host.peering().peers[0].nextHop6 == ip("2001:db8:9::40"));
  CHECK(host.peering().notes.empty());
}

// ROUTER_ID is then the BGP identifier only.
TEST_CASE("Peering.AHostWithoutIpv4AnnouncesNoIpv4_WhichMattersWithAnIpv4Vip") {
  Host host;
  host.settings.peers.resize(1);
  host.settings.peers[0].address = ip("2001:db8:8::137");
  host.kernel.ways[ip("2001:db8:8::137")] = {2, "eth0", {}, {}};
  host.kernel.own.erase(host.kernel.own.begin());
  const auto peering = host.peering();
  CHECK(peering.peers[0].nextHop4 == std::nullopt);
  CHECK(peering.peers[0].nextHop6 == ip("2001:db8:8::40"));
  CHECK(peering.peers[0].source == ip("2001:db8:8::40"));
  CHECK(problemsOf(peering, {.ipv6 = true}).empty());
  CHECK(problemsOf(peering, {.ipv4 = true}) ==
        std::set<std::string>{
            "ROUTER_ID 192.168.8.40 is not an address of this host, so 2001:db8:8::137 has no next "
            "hop for IPv4; no IPv4 is announced there"});
  // Without a route to the peer, the previous values stay.
  host.kernel.ways.clear();
  CHECK(host.peering(peering).peers == peering.peers);
  CHECK(host.peering().peers[0].nextHop4 == std::nullopt);
  host.has("192.168.8.40");
  CHECK(host.peering().peers[0].nextHop4 == ip("192.168.8.40"));
}

TEST_CASE("Peering.AHostWithoutIpv6AnnouncesNoIpv6_WhichMattersWithAnIpv6Vip") {
  Host host;
  host.settings.peers.resize(1);
  host.kernel.own.pop_back();
  const auto peering = host.peering();
  CHECK(peering.peers[0].nextHop4 == ip("192.168.8.40"));
  CHECK(peering.peers[0].nextHop6 == std::nullopt);
  CHECK(problemsOf(peering, {.ipv4 = true}).empty());
  REQUIRE(problemsOf(peering, {.ipv6 = true}).size() == 1);
  CHECK(problemsOf(peering, {.ipv6 = true}).begin()->starts_with("eth0 has no IPv6 address"));
}

// FRR or BIRD with sessions to the switches of a leaf/spine network.
TEST_CASE("Peering.ARoutingDaemonOfThisHostGetsNextHopsThatTheHostDoesNotHave") {
  Host host;
  host.has("10.255.0.40", 1);
  host.settings.peers.resize(1);
  host.kernel.ways.clear();
  const char* const address = GENERATE("127.0.0.1", "192.168.8.40", "10.255.0.40");
  host.settings.peers[0].address = ip(address);
  const auto peering = host.peering();
  CHECK(peering.notes.empty());
  CHECK(peering.withheld.empty());
  CHECK(peering.links.empty());
  CHECK(peering.peers[0].hops == 1U);
  CHECK(peering.peers[0].source == ip("127.0.0.2"));
  CHECK(peering.peers[0].nextHop4 == ip("192.0.0.8"));
  CHECK(peering.peers[0].nextHop6 == ip("100::1"));
  CHECK(core::routingProblems(routingConfig(host.settings, peering.peers)).empty());
  // ROUTER_ID need not be an address of the host.
  host.kernel.own.erase(host.kernel.own.begin());
  CHECK(host.peering().peers == peering.peers);
  CHECK(host.peering().notes.empty());
}

TEST_CASE("Peering.TheSessionToAnIpv6AddressOfThisHostStaysAtThatAddress") {
  Host host;
  host.settings.peers.resize(1);
  host.settings.peers[0].address = ip("2001:db8:8::40");
  const auto peer = host.peering().peers[0];
  CHECK(peer.source == ip("2001:db8:8::40"));
  CHECK(peer.nextHop4 == ip("192.0.0.8"));
  CHECK(peer.nextHop6 == ip("100::1"));
}

// Two switches in two subnets. The IPv6 peers are on the same two links.
TEST_CASE("Peering.EachUplinkHasItsOwnSourceAndNextHop_UnlessRouterIdIsALoopbackAddress") {
  Host host;
  const bool loopback = GENERATE(false, true);
  if (!loopback) host.kernel.own.front().subnet = *Prefix::parse("192.168.8.0/24");
  for (const char* address : {"10.2.0.1", "2001:db8:2::1"}) {
    host.settings.peers.push_back(
        {.name = core::peerName(ip(address)), .address = ip(address), .as = 64513});
    host.kernel.ways[ip(address)] = {3, "eth1", {}, {}};
  }
  host.kernel.own.push_back({*Prefix::parse("10.2.0.0/24"), ip("10.2.0.2"), 3, true});
  host.has("2001:db8:2::2", 3);
  const auto peering = host.peering();
  const Address second = ip(loopback ? "192.168.8.40" : "10.2.0.2");
  CHECK(peering.peers[0].source == ip("192.168.8.40"));
  CHECK(peering.peers[0].nextHop4 == ip("192.168.8.40"));
  CHECK(peering.peers[2].source == second);
  CHECK(peering.peers[2].nextHop4 == second);
  CHECK(peering.peers[2].nextHop6 == ip("2001:db8:2::2"));
  CHECK(peering.peers[3].source == ip("2001:db8:2::2"));
  CHECK(peering.peers[3].nextHop4 == second);
  // An uplink that is down keeps the values of its session.
  host.kernel.ways.erase(ip("10.2.0.1"));
  CHECK(host.peering(peering).peers[2].source == second);
  // Behind a gateway, ROUTER_ID is the source.
  host.kernel.ways[ip("10.2.0.1")] = {3, "eth1", ip("10.2.0.9"), {}};
  CHECK(host.peering(peering).peers[2].source == ip("192.168.8.40"));
}

// Previous values are matched by the peer's name, not by its position in the list.
TEST_CASE("Peering.APeerWithoutARouteKeepsItsPreviousValues") {
  Host host;
  host.kernel.ways[ip("192.168.8.138")] = {3, "eth1", ip("192.168.8.1"), {}};
  host.has("2001:db8:9::40", 3);
  const auto before = host.peering();
  host.settings.peers.erase(host.settings.peers.begin());
  host.kernel.ways.clear();
  const auto after = host.peering(before);
  REQUIRE(after.peers.size() == 1);
  CHECK(after.peers[0] == before.peers[1]);
  CHECK(after.notes.size() == 1);
  CHECK(host.peering().peers[0].nextHop6 == std::nullopt);
}

TEST_CASE("Peering.TheHostNeedsItsAddressesItsPeersAndTheNextHopsToThem") {
  Host host;
  host.kernel.ways[ip("192.168.8.138")].gateway = ip("192.168.8.1");
  const auto before = host.peering();
  CHECK(before.needs.addresses == std::set<Address>{ip("192.168.8.40"), ip("2001:db8:8::40")});
  CHECK(before.needs.peers == std::set<Address>{ip("192.168.8.137"), ip("192.168.8.138")});
  CHECK(before.needs.nextHops ==
        std::map<Address, Address>{{ip("192.168.8.1"), ip("192.168.8.138")}});
  host.kernel.ways.clear();
  CHECK(host.peering(before).needs == before.needs);
  CHECK(host.peering().needs.nextHops.empty());
}

// The host route of a VIP with the peer's address, until the VIP is withdrawn.
TEST_CASE("Peering.ARouteThroughAVipNetworkIsNoRouteToThePeer") {
  Host host;
  const auto before = host.peering();
  host.kernel.ways[ip("192.168.8.137")] = {9, "bgplb-aaaaaaaaa", ip("169.254.77.1"), {}};
  const auto after = host.peering(before);
  CHECK(after.peers == before.peers);
  CHECK(after.needs == before.needs);
  REQUIRE(after.notes.size() == 1);
  CHECK(after.notes[0] ==
        "peer 192.168.8.137: route get 192.168.8.137: through the VIP network's bridge "
        "bgplb-aaaaaaaaa; waiting for a route");
}

TEST_CASE("Peering.ARouterIdThatTheHostDoesNotHaveIsNoted") {
  Host host;
  host.kernel.own.erase(host.kernel.own.begin());
  REQUIRE(host.peering().notes.size() == 1);
  CHECK(host.peering().notes[0].find("ROUTER_ID 192.168.8.40 is not an address") !=
        std::string::npos);
  CHECK(host.peering().needs.addresses.contains(ip("192.168.8.40")));  // no VIP may be this address
}

TEST_CASE("Peering.TheRoutingConfigContainsSettingsAndPeers") {
  Host host;
  const auto config = routingConfig(host.settings, host.peering().peers);
  CHECK(config.listenPort == kUnusedPort);
  host.settings.instance = core::Instance(2);
  CHECK(routingConfig(host.settings, {}).listenPort == kUnusedPort + 1);
  CHECK(config.peers == host.peering().peers);
  CHECK(core::routingProblems(config).empty());
}
