#include "core/neighbors_to_prime.hpp"

#include "support/build.hpp"
#include "support/catch.hpp"

using namespace bgplb;
using namespace bgplb::test;

namespace {

const NetworkId kGateway("gateway");
const NetworkId kGwbridge("gwbridge");
const auto kThere = *Address::parse("2001:db8::25");

core::ContainerReport on(const std::vector<NetworkId>& networks) {
  core::ContainerReport report{.id = kCtr1};
  for (const auto& network : networks) {
    report.attachments.push_back({network, EndpointId("e"), {}, {}, kThere});
  }
  return report;
}

core::Facts facts(const std::vector<Prefix>& gwbridge) {
  core::Facts facts;
  facts.networks.try_emplace(kWeb1);
  facts.bridges[kGateway] = {.name = "gw", .link = "gw0"};
  facts.bridges[kGwbridge] = {
      .name = "docker_gwbridge", .link = "docker_gwbridge", .subnets = gwbridge};
  return facts;
}

const std::vector<Prefix> kBoth{net("172.28.0.0/24"), net("2001:db8:0:28::/64")};

}  // namespace

TEST_CASE("NeighborsToPrime.AddressesOnTheBridgesInTheInspectReply") {
  const auto toPrime =
      core::neighborsToPrime(facts(kBoth), on({kWeb1, kGateway, NetworkId("overlay")}));
  CHECK(toPrime.addresses == std::vector<Address>{kThere});
  CHECK(!toPrime.unresolved);
}

TEST_CASE("NeighborsToPrime.DockerGwbridgeIsInspected_IfItHasIpv6AndNoOtherBridgeDoes") {
  CHECK(core::neighborsToPrime(facts(kBoth), on({kWeb1})).unresolved == kGwbridge);
  CHECK(!core::neighborsToPrime(facts({net("172.28.0.0/24")}), on({kWeb1})).unresolved);
  auto ipv4Only = on({kWeb1, kGateway});
  ipv4Only.attachments[1].address6.reset();
  CHECK(core::neighborsToPrime(facts(kBoth), ipv4Only).unresolved == kGwbridge);
}

TEST_CASE("NeighborsToPrime.NoneForAContainerOnNoVipNetwork") {
  const auto toPrime = core::neighborsToPrime(facts(kBoth), on({kGateway}));
  CHECK(toPrime.addresses.empty());
  CHECK(!toPrime.unresolved);
  CHECK(!core::neighborsToPrime(facts(kBoth), on({})).unresolved);
}
