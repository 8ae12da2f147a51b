// The ids of networks and endpoints in plugin calls. A link's name holds only their first
// characters.
#include "docker/plugin_calls.hpp"

#include "json/read.hpp"
#include "support/catch.hpp"

using namespace bgplb;
using namespace bgplb::test;

namespace {

// The network web1 with one joined endpoint.
struct JoinedPlugin : Plugin {
  JoinedPlugin() {
    REQUIRE(createNetwork(kWeb1, "10.0.0.101/32").status == 200);
    REQUIRE(createEndpoint(kEp1, "10.0.0.101/32").status == 200);
    REQUIRE(endpointCall("Join", kEp1).status == 200);
  }
};

}  // namespace

// Both networks would have the same bridge name, and the reconciler would change the bridge back
// and forth.
TEST_CASE("PluginApi.RefusesANetworkWithTheIdPrefixOfAnotherOne") {
  Plugin plugin;
  const NetworkId alike{kWeb1.value.substr(0, 9) + "f" + kWeb2.value.substr(10)};
  CHECK(plugin.createNetwork(kWeb1, "10.0.0.101/32").status == 200);
  const auto refused = plugin.createNetwork(alike, "10.0.0.102/32");
  CHECK(refused.status == 409);
  CHECK(refused.body.find("create the network again") != std::string::npos);
  CHECK(plugin.reconciler.facts().networks.size() == 1);
  CHECK(plugin.endpointCall("DeleteNetwork", kEp1).status == 200);  // the network kWeb1
  CHECK(plugin.createNetwork(alike, "10.0.0.102/32").status == 200);
}

// If the links belong to another network or endpoint, this one was never created: its removal must
// not remove the links.
TEST_CASE("PluginApi.CallsForIdsThatBeginLikeOthersChangeNothing") {
  JoinedPlugin plugin;
  const std::string network = kWeb1.value.substr(0, 9) + "f" + kWeb2.value.substr(10);
  const std::string endpoint = kEp1.value.substr(0, 12) + std::string(52, 'f');
  const auto ids = GENERATE_COPY(std::pair(network, kEp2.value), std::pair(kWeb1.value, endpoint),
                                 std::pair(kWeb2.value, endpoint));
  const std::string body =
      fmt::format(R"({{"NetworkID":"{}","EndpointID":"{}"}})", ids.first, ids.second);
  const auto before = plugin.kernel.observe(core::bridgeName(kWeb1));
  CHECK(plugin.call("/NetworkDriver.CreateEndpoint", body).status == 409);
  CHECK(plugin.call("/NetworkDriver.Join", body).status == 409);
  CHECK(plugin.call("/NetworkDriver.Leave", body).status == 200);
  CHECK(plugin.call("/NetworkDriver.DeleteEndpoint", body).status == 200);
  if (ids.first == network) {
    CHECK(plugin.call("/NetworkDriver.DeleteNetwork", body).status == 200);
  }
  CHECK(plugin.reconciler.facts().networks.size() == 1);
  CHECK(plugin.reconciler.facts().endpoints.size() == 1);
  CHECK(plugin.kernel.networks.size() == 1);
  CHECK(plugin.kernel.observe(core::bridgeName(kWeb1)) == before);
  CHECK(plugin.kernel.hasVeth(core::vethHostName(kEp1)));
}

TEST_CASE("PluginApi.AKnownEndpointIsRemoved_WhateverNetworkTheCallNames") {
  JoinedPlugin plugin;
  const std::string alike = kWeb1.value.substr(0, 9) + "f" + kWeb2.value.substr(10);
  const auto answer =
      plugin.call("/NetworkDriver.DeleteEndpoint",
                  fmt::format(R"({{"NetworkID":"{}","EndpointID":"{}"}})", alike, kEp1.value));
  CHECK(answer.status == 200);
  CHECK(plugin.reconciler.facts().endpoints.empty());
  CHECK_FALSE(plugin.kernel.hasVeth(core::vethHostName(kEp1)));
}

TEST_CASE("PluginApi.IdsContainOnlyLettersAndDigits") {
  Plugin plugin;
  for (const char* id : {"../../etc/passwd00", "aaaaaaaaa\nroute", "short", "-------------", ""}) {
    CAPTURE(id);
    CHECK(plugin.createNetwork(NetworkId(id), "10.0.0.101/32").status == 400);
  }
}

// The host end of a veth pair is recognised by its name, which contains the beginning of the ID.
TEST_CASE("PluginApi.EndpointIdsAreHex") {
  Plugin plugin;
  for (const char* id : {"xyzxyzxyzxyz000000000000", "E1E1E1E1E1E1000000000000"}) {
    CAPTURE(id);
    CHECK(plugin.endpointCall("Join", EndpointId(id)).status == 400);
  }
  CHECK(plugin.kernel.existing.empty());
}
