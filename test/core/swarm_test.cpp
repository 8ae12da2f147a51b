#include "core/swarm.hpp"

#include "support/build.hpp"
#include "support/catch.hpp"

using namespace bgplb;
using namespace bgplb::test;

namespace {

core::NetworkReport vipNetwork(const NetworkId& id, const char* name,
                               const std::vector<Prefix>& vips) {
  core::NetworkReport report{.id = id, .name = name, .driver = "bgplb:latest"};
  report.subnets = vips;
  report.clusterWide = true;
  return report;
}

}  // namespace

TEST_CASE("Swarm.TheNoteAboutAServiceWithAVirtualIpContainsTheCommand") {
  const std::vector networks{vipNetwork(kWeb1, "web1", {net("10.0.0.101/32")})};
  core::ServiceReport service{.name = "shop", .virtualIp = true, .networks = {kWeb1, kWeb2}};
  const auto notes = core::swarmNotes(networks, {service});
  REQUIRE(notes.size() == 1);
  for (const char* word : {"shop", "web1", "docker service update --endpoint-mode dnsrr shop"}) {
    CHECK(notes.begin()->find(word) != std::string::npos);
  }

  service.virtualIp = false;
  CHECK(core::swarmNotes(networks, {service}).empty());
  service = {.name = "other", .virtualIp = true, .networks = {kWeb2}};  // not one of our networks
  CHECK(core::swarmNotes(networks, {service}).empty());
}

// On one host the second network is refused. On two hosts no host would detect the conflict.
TEST_CASE("Swarm.TheNoteAboutADuplicateVipContainsBothNetworks") {
  const auto v6 = net("2001:db8:0:1::101/128");
  const auto first = vipNetwork(kWeb1, "web1", {net("10.0.0.101/32"), v6});
  const auto notes =
      core::swarmNotes({first, vipNetwork(kWeb2, "web2", {net("10.0.0.102/32"), v6})}, {});
  REQUIRE(notes.size() == 1);
  for (const char* word : {"web1", "web2", "2001:db8:0:1::101"}) {
    CHECK(notes.begin()->find(word) != std::string::npos);
  }
  CHECK(core::swarmNotes({first, vipNetwork(kWeb2, "web2", {net("10.0.0.102/32")})}, {}).empty());
}

TEST_CASE("Swarm.ThePlaceholderPoolOfIPv6OnlyNetworksIsNotAVip") {
  const auto standIn = net("192.0.0.8/32");
  CHECK(core::swarmNotes({vipNetwork(kWeb1, "web1", {standIn, net("2001:db8::1/128")}),
                          vipNetwork(kWeb2, "web2", {standIn, net("2001:db8::2/128")})},
                         {})
            .empty());
}
