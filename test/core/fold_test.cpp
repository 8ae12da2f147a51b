#include "core/fold.hpp"
#include "core/network_options.hpp"

#include "support/build.hpp"
#include "support/catch.hpp"

using namespace bgplb;
using namespace bgplb::test;

namespace {

const NetworkId kSwarmNet("3k7qp2m9xw4v8z1t6r5y0ucab");

core::NetworkReport clusterWide() {
  core::NetworkReport report{.id = kSwarmNet, .name = "web1", .driver = "bgplb:latest"};
  report.subnets = {net("10.0.0.101/32"), net("2001:db8:0:1::101/128")};
  report.options[core::kMtuOption] = "9000";
  report.clusterWide = true;
  return report;
}

}  // namespace

// Otherwise every manager would have bridges for all networks of the cluster, and would create them
// again after the last task has left.
TEST_CASE("Fold.AClusterWideNetworkIsAdded_OnlyByACallOrAContainer") {
  core::Facts facts;
  listNetwork(facts, clusterWide(), true);
  listNetworks(facts, {clusterWide()}, {kSwarmNet});
  CHECK(facts.networks.empty());

  listNetworks(facts, {clusterWide()}, {kSwarmNet}, {kSwarmNet, kWeb2});
  REQUIRE(facts.networks.size() == 1);
  CHECK(facts.networks.at(kSwarmNet).vip6 == net("2001:db8:0:1::101/128"));
  CHECK(facts.networks.at(kSwarmNet).listed);

  core::networkDeleted(facts, kSwarmNet);
  core::networkCreated(facts, kSwarmNet, net("10.0.0.101/32"), std::nullopt);
  listNetwork(facts, clusterWide(), true);
  CHECK(facts.networks.at(kSwarmNet).name == "web1");
  CHECK(facts.networks.at(kSwarmNet).options.mtu == 9000);
}

// Otherwise the former network would keep an endpoint that is deleted together with the new
// network.
TEST_CASE("Fold.AnEndpointBelongsToTheLastReportedNetwork") {
  core::Facts facts;
  core::networkCreated(facts, kWeb1, net("10.0.0.101/32"), std::nullopt);
  core::networkCreated(facts, kWeb2, net("10.0.0.102/32"), std::nullopt);
  core::endpointCreated(facts, kWeb1, kEp1, std::nullopt, std::nullopt, std::nullopt);

  const auto touched =
      core::endpointCreated(facts, kWeb2, kEp1, std::nullopt, std::nullopt, std::nullopt);
  CHECK(touched == core::Touched{kWeb1, kWeb2});
  CHECK(facts.networks.at(kWeb1).endpoints.empty());
  CHECK(facts.networks.at(kWeb2).endpoints == std::set<EndpointId>{kEp1});

  core::containerReported(facts, report(kCtr1, kWeb1, kEp1, core::Health::None), {});
  CHECK(facts.networks.at(kWeb1).endpoints == std::set<EndpointId>{kEp1});
  CHECK(facts.networks.at(kWeb2).endpoints.empty());
  CHECK(facts.endpoints.at(kEp1).network == kWeb1);
}

namespace {

core::NetworkReport reported(const NetworkId& id, std::map<std::string, std::string> options) {
  return {.id = id,
          .name = "web1",
          .driver = "bgplb",
          .subnets = {net("10.0.0.101/32")},
          .labels = {},
          .options = std::move(options)};
}

}  // namespace

// dockerd does not repeat CreateNetwork after a restart.
TEST_CASE("Fold.TheWeightIsReadFromDockersNetworkList") {
  core::Facts facts;
  listNetwork(facts, reported(kWeb1, {{"bgplb.weight", "4"}}), true);
  CHECK(facts.networks.at(kWeb1).options == core::NetworkOptions{.weight = 4});
  // Another version of the plugin accepted these options. Valid ones still take effect.
  listNetwork(facts,
              reported(kWeb1, {{"bgplb.weight", "many"},
                               {"bgplb.colour", "red"},
                               {"com.docker.network.driver.mtu", "9000"}}),
              true);
  CHECK(facts.networks.at(kWeb1).options == core::NetworkOptions{.mtu = 9000});
  listNetwork(facts, reported(kWeb2, {}), true);
  CHECK(facts.networks.at(kWeb2).options == core::NetworkOptions{});
}

TEST_CASE("Fold.TheVipIndexContainsTheVipsOfAllNetworks") {
  core::Facts facts;
  const auto first = net("10.0.0.101/32");
  const auto second = net("10.0.0.102/32");
  core::networkCreated(facts, kWeb1, first, net("2001:db8::1/128"));
  core::networkCreated(facts, kWeb2, first, std::nullopt);
  CHECK(facts.byVip.at(first) == std::set<NetworkId>{kWeb1, kWeb2});
  CHECK(facts.byVip.at(net("2001:db8::1/128")) == std::set<NetworkId>{kWeb1});

  core::networkCreated(facts, kWeb1, second, std::nullopt);  // replaces its VIP
  CHECK(facts.byVip.at(first) == std::set<NetworkId>{kWeb2});
  CHECK(facts.byVip.at(second) == std::set<NetworkId>{kWeb1});
  core::networkDeleted(facts, kWeb1);
  core::networkDeleted(facts, kWeb2);
  CHECK(facts.byVip.empty());
}

TEST_CASE("Fold.AContainerIsNotAttachedToARemovedNetwork") {
  core::Facts facts;
  core::networkCreated(facts, kWeb1, net("10.0.0.101/32"), std::nullopt);
  core::networkCreated(facts, kWeb2, net("10.0.0.102/32"), std::nullopt);
  core::containerReported(facts, report(kCtr1, kWeb1, kEp1, core::Health::None), {});
  core::endpointCreated(facts, kWeb2, kEp1, std::nullopt, std::nullopt, std::nullopt);
  CHECK(facts.containers.at(kCtr1).attached.empty());
  core::containerReported(facts, report(kCtr1, kWeb1, kEp1, core::Health::None), {});
  core::networkDeleted(facts, kWeb1);
  CHECK(facts.containers.at(kCtr1).attached.empty());
  CHECK(facts.endpoints.empty());
}
