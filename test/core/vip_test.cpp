#include "core/vip.hpp"

#include "support/build.hpp"
#include "support/catch.hpp"

using namespace bgplb;
using namespace bgplb::test;
using Options = std::map<std::string, std::string>;

TEST_CASE("Vip.PoolsAreSingleAddresses") {
  CHECK(core::requestPool("10.0.0.101/32", "", false, {})->prefix == net("10.0.0.101/32"));
  CHECK(core::requestPool("2001:db8::1/128", "", true, {})->prefix == net("2001:db8::1/128"));
  // Swarm's leader sends IPv6 subnets with V6=false.
  CHECK(core::requestPool("2001:db8::1/128", "", false, {})->prefix == net("2001:db8::1/128"));
  const Options v6{{"v6subnet", "2001:0db8:0000:0001::101/128"}};
  CHECK(core::requestPool("", "", true, v6)->prefix == net("2001:db8:0:1::101/128"));
  CHECK(core::requestPool("10.0.0.101/32", "", false, v6)->prefix == net("10.0.0.101/32"));
  CHECK(core::requestPool("", "", false, v6)->prefix == net("0.0.0.0/32"));
  CHECK(core::requestPool("", "", false, {})->prefix ==
        net("0.0.0.0/32"));  // an IPv6 --subnet may follow
}

// Swarm's leader requests a pool once. Every node and every later leader requests the same pool
// again.
TEST_CASE("Vip.ThePlaceholderPoolIsAcceptedAsASubnet") {
  const Options v6{{"v6subnet", "2001:db8:0:1::101/128"},
                   {"com.docker.network.ipam.serial", "true"}};
  const auto first = core::requestPool("", "", false, v6);
  const auto again = core::requestPool(first->prefix.toString(), "", false, v6);
  REQUIRE(again);
  CHECK(again->id == first->id);
  CHECK(*core::requestAddress(again->id, "0.0.0.0") == net("0.0.0.0/32"));

  // Swarm rejects a task with the address 0.0.0.0. A network keeps the placeholder that it got
  // first.
  const auto swarm = core::requestPool("", "", false, v6, true);
  REQUIRE(swarm);
  CHECK(swarm->prefix == net("192.0.0.8/32"));
  for (const bool global : {false, true}) {
    CHECK(core::requestPool("192.0.0.8/32", "", false, v6, global)->id == swarm->id);
    CHECK(core::requestPool("0.0.0.0/32", "", false, v6, global)->id == first->id);
  }
  CHECK(core::isStandIn(swarm->prefix));
  CHECK(core::isStandIn(first->prefix));
  CHECK_FALSE(core::isStandIn(net("10.0.0.101/32")));
}

TEST_CASE("Vip.KeysThatSwarmAddsAreAccepted") {
  const Options swarm{{"RequestAddressType", "com.docker.network.gateway"},
                      {"com.docker.network.ipam.serial", "true"}};
  CHECK(core::requestPool("2001:db8::1/128", "", false, swarm)->prefix == net("2001:db8::1/128"));
}

TEST_CASE("Vip.TheErrorForAnotherPoolListsTheAllowedOnes") {
  const auto [pool, v6, options] = GENERATE(table<std::string, bool, Options>({
      {"10.0.0.0/24", false, {}},
      {"10.0.0.101/31", false, {}},
      {"2001:db8::/64", true, {}},
      {"10.0.0.101/32", true, {}},
      {"", true, {}},
      {"", true, {{"v6subnet", "2001:db8::/64"}}},
      {"", true, {{"v6subnet", "10.0.0.1/32"}}},
      {"", false, {{"v6subnet", "nonsense; protocol"}}},
      {"2001:db8::1/128", true, {{"v6subnet", "2001:db8::2/128"}}},
      {"10.0.0.101/32", false, {{"v6subnett", "x"}}},
      {"0.0.0.0/32", false, {}},
      {"0.0.0.0/32", false, {{"v6subnet", "2001:db8::/64"}}},
      {"192.0.0.8/32", false, {}},
      {"127.0.0.1/32", false, {}},
      {"224.0.0.5/32", false, {}},
      {"169.254.1.1/32", false, {}},
      {"255.255.255.255/32", false, {}},
      {"192.0.0.170/32", false, {}},
      {"::1/128", true, {}},
      {"::ffff:10.0.0.101/128", true, {}},
      {"::10.0.0.101/128", true, {}},
      {"64:ff9b::10.0.0.101/128", true, {}},
      {"100::1/128", true, {}},
      {"", false, {{"v6subnet", "::ffff:10.0.0.101/128"}}},
      {"fe80::1/128", true, {}},
      {"ff02::1/128", true, {}},
      {"10.0.0.101", false, {}},
      {"10.0.0.101/33", false, {}},
      {"10.0.0.101/-1", false, {}},
      {"garbage", false, {}},
  }));
  CAPTURE(pool);
  const auto refused = core::requestPool(pool, "", v6, options);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("--subnet A.B.C.D/32") != std::string::npos);
}

TEST_CASE("Vip.EveryRequestForAnAddressReturnsTheVip") {
  const auto pool = core::requestPool("10.0.0.101/32", "", false, {});
  for (int i = 0; i < 3; ++i) {
    CHECK(*core::requestAddress(pool->id, "") == net("10.0.0.101/32"));
    CHECK(*core::requestAddress(pool->id, "10.0.0.101") == net("10.0.0.101/32"));
  }
  CHECK_FALSE(core::requestAddress(pool->id, "10.0.0.102"));
  CHECK_FALSE(core::requestAddress("", ""));
  CHECK_FALSE(core::requestAddress("bgplb/10.0.0.0/24", ""));
}

TEST_CASE("Vip.AnEndpointWithTheLinkNameOfAnotherIsRefused") {
  const EndpointId before{kEp1.value.substr(0, 12)};
  const EndpointId after{kEp1.value.substr(0, 12) + std::string(52, 'f')};
  core::Facts facts;
  CHECK(core::checkVeth(facts, kEp1));
  core::endpointCreated(facts, kWeb1, kEp1, std::nullopt, std::nullopt, std::nullopt);
  CHECK(core::checkVeth(facts, kEp1));
  CHECK(core::checkVeth(facts, kEp2));
  for (const auto& alike : {before, after}) {
    const auto refused = core::checkVeth(facts, alike);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::Conflict);
    CHECK(refused.error().message.find(core::vethHostName(kEp1)) != std::string::npos);
  }
}

TEST_CASE("Vip.ANetworkWithTheBridgeNameOfAnotherIsRefused") {
  const NetworkId alike{kWeb1.value.substr(0, 9) + "f" + kWeb2.value.substr(10)};
  core::Facts facts;
  CHECK(core::checkBridge(facts, kWeb1));
  core::networkCreated(facts, kWeb1, net("10.0.0.101/32"), std::nullopt);
  facts.networks.at(kWeb1).name = "web1";
  CHECK(core::checkBridge(facts, kWeb1));
  CHECK(core::checkBridge(facts, kWeb2));
  const auto refused = core::checkBridge(facts, alike);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::Conflict);
  CHECK(refused.error().message.find("bgplb-aaaaaaaaa, which network web1 already has") !=
        std::string::npos);
}
