// The reconciler's work for the host as a whole (reconciler_host.cpp).
#include "reconcile/web1_host.hpp"

#include "support/catch.hpp"
#include "support/log_capture.hpp"

#include <csignal>

using namespace bgplb;
using namespace bgplb::test;
using core::Health;

TEST_CASE("Reconciler.SetsTheHashPolicy_WhenAVipHasTwoBackends") {
  Host host;
  host.makeReady();
  CHECK(host.kernel.hashed.empty());
  host.join(kEp2, "02:00:00:00:00:02");
  host.report(kCtr2, kEp2, Health::Healthy);
  CHECK(host.kernel.hashed == std::set<Family>{Family::V4, Family::V6});
}

TEST_CASE("Reconciler.LeavesTheHashPolicyAlone_IfTheOperatorWantsThat") {
  Host host;
  core::Policy policy = kPolicy;
  policy.hashPorts = false;
  host.reconciler.setPolicy(policy);
  host.makeReady();
  host.join(kEp2, "02:00:00:00:00:02");
  host.report(kCtr2, kEp2, Health::Healthy);
  host.reconciler.touchAll(host.now);
  host.step();
  CHECK(host.kernel.hashed.empty());
}

// The network was created before the host was booted without IPv6.
TEST_CASE("Reconciler.ServesTheIpv4Vip_OnAKernelWithoutIpv6") {
  Host host;
  host.kernel.ipv6 = false;
  LogCapture log(log::Level::Warning);
  host.makeReady();
  host.reconciler.touchAll(host.now);
  host.step();
  CHECK(host.routing.wanted == std::set<Prefix>{host.vip4});
  const auto network = host.kernel.observe(host.bridge);
  CHECK(network.routes == std::set<Prefix>{host.vip4});
  CHECK(network.groups.size() == 1);
  CHECK(network.nextHops.size() == 1);
  CHECK(network.neighbors.size() == 1);
  CHECK(host.reconciler.problem(kWeb1, host.vip6)
            .starts_with("VIP 2001:db8:0:1::101 cannot be served"));
  const std::string logged = log.text();
  const auto first = logged.find("cannot be served");
  CHECK(first != std::string::npos);
  CHECK(logged.find("cannot be served", first + 1) == std::string::npos);
}

// One container of two has no IPv6. When the other one stops, only the IPv6 VIP is withdrawn, and
// its host route stays for the grace time.
TEST_CASE("Reconciler.AnnouncesAVip_WhileAReadyContainerCanAnswerOverItsFamily") {
  Host host;
  host.makeReady();
  host.join(kEp2, "02:00:00:00:00:02");
  auto report = test::report(kCtr2, kWeb1, kEp2, Health::Healthy);
  report.ipv6Disabled = true;
  host.touch(core::containerReported(host.facts(), report, host.now));
  const std::set<Prefix> both{host.vip4, host.vip6};
  CHECK(host.routing.wanted == both);
  auto groups = host.kernel.observe(host.bridge).groups;
  CHECK(groups[Family::V4].size() == 2);
  CHECK(groups[Family::V6].size() == 1);
  CHECK(host.reconciler.problem(kWeb1, host.vip6).empty());

  LogCapture log(log::Level::Warning);
  host.signal(kCtr1, SIGTERM);
  CHECK(host.routing.wanted == std::set<Prefix>{host.vip4});
  host.confirm();
  CHECK(host.kernel.observe(host.bridge).routes == both);
  host.later(host.reconciler.policy().drainGrace);
  CHECK(host.kernel.observe(host.bridge).routes == std::set<Prefix>{host.vip4});
  CHECK(host.reconciler.problem(kWeb1, host.vip6) == "IPv6 is disabled in container ctr-c2");
  CHECK(log.text().find("the IPv6 VIP is not announced: IPv6 is disabled in container ctr-c2") !=
        std::string::npos);

  host.touch(core::containerDied(host.facts(), kCtr1, host.now));
  host.touch(core::containerStarted(host.facts(), kCtr1, host.now));
  host.report(kCtr1, kEp1, Health::Healthy);
  CHECK(host.routing.wanted == both);
  CHECK(host.reconciler.problem(kWeb1, host.vip6).empty());
}

// The operator can change the container's setting while the container runs.
TEST_CASE("Reconciler.ReadsAContainersReversePathFilterAtItsStartAndWithEachFullList") {
  Host host;
  const std::string veth = core::vethHostName(kEp1);
  host.kernel.strict = {veth};
  host.makeReady();
  CHECK(host.routing.wanted == std::set<Prefix>{host.vip6});
  CHECK(host.reconciler.problem(kWeb1, host.vip4).starts_with("container ctr-c1 drops requests"));
  host.kernel.strict.clear();
  host.report(kCtr1, kEp1, Health::Healthy);
  CHECK(host.routing.wanted == std::set<Prefix>{host.vip6});
  host.reconciler.touchAll(host.now);
  host.step();
  CHECK(host.routing.wanted == std::set<Prefix>{host.vip4, host.vip6});
  CHECK(host.reconciler.problem(kWeb1, host.vip4).empty());
}

// An earlier version accepted a smaller MTU.
TEST_CASE("Reconciler.LinksOfANetworkWithAnIpv6VipHaveAnMtuOf1280AtLeast") {
  Host host;
  host.facts().listed = true;
  host.touch(core::networkCreated(host.facts(), kWeb1, host.vip4, host.vip6, {.mtu = 1000}));
  CHECK(host.kernel.observe(host.bridge).mtu == 1280);
}

TEST_CASE("Reconciler.RelaxesRpFilterOnTheOtherBridgesOfABackend") {
  Host host;
  host.create();
  core::NetworkReport other{.id = kWeb2, .name = "other", .driver = "bridge"};
  other.options["com.docker.network.bridge.name"] = "other0";
  listNetwork(host.facts(), other, false);
  host.join(kEp1, "02:00:00:00:00:01");
  auto report = test::report(kCtr1, kWeb1, kEp1, Health::None);
  report.attachments.push_back({kWeb2, EndpointId("other"), {}, {}, {}});
  host.touch(core::containerReported(host.facts(), report, host.now));
  CHECK(host.kernel.relaxed.empty());
  host.reconciler.touchBridgesOf(kCtr1);
  host.step();
  CHECK(host.kernel.relaxed == std::set<std::string>{"other0"});
}

TEST_CASE("Reconciler.TheFirewallFiltersSources_WhereAStrictRpFilterWasRelaxed") {
  Host host;
  host.create();
  host.kernel.strict = {"bgplb_gwbridge"};
  core::NetworkReport gateway{.id = kWeb2, .name = "gw", .driver = "bridge"};
  gateway.labels["bgplb_advertise"] = "true";
  gateway.options["com.docker.network.bridge.name"] = "bgplb_gwbridge";
  listNetwork(host.facts(), gateway, false);
  host.reconciler.touchBridges();
  host.step();
  CHECK(host.firewall.filtered == std::set<std::string>{"bgplb_gwbridge"});

  core::bridgeDestroyed(host.facts(), kWeb2);
  host.reconciler.touchBridges();
  host.step();
  CHECK(host.firewall.filtered.empty());
}

TEST_CASE("Reconciler.GatewaySubnetsFollowTheLabel") {
  Host host;
  host.create();
  core::NetworkReport gateway{.id = kWeb2, .name = "gw", .driver = "bridge"};
  gateway.subnets = {net("172.23.0.0/24"), net("2001:db8::/64")};
  gateway.labels["bgplb_advertise"] = "true";
  gateway.options["com.docker.network.bridge.name"] = "bgplb_gwbridge";
  listNetwork(host.facts(), gateway, false);
  host.reconciler.touchBridges();
  host.step();
  CHECK(host.routing.wanted == std::set<Prefix>{net("172.23.0.0/24"), net("2001:db8::/64")});
  CHECK(host.kernel.relaxed == std::set<std::string>{"bgplb_gwbridge"});
  CHECK(host.firewall.filtered.empty());

  gateway.labels["bgplb_advertise"] = "false";
  listNetwork(host.facts(), gateway, false);
  host.reconciler.touchBridges();
  host.step();
  CHECK(host.routing.wanted.empty());
}

// The other plugin is disabled for an upgrade, or is a version without INSTANCE.
TEST_CASE("Reconciler.TheFirewallStays_WhileAnotherPluginsNetworkHasABridgeOfThisInstance") {
  Host host;
  host.facts().listed = true;
  core::NetworkReport other{.id = kWeb2, .name = "web2", .driver = "old:latest"};
  listNetwork(host.facts(), other, false);
  host.kernel.networks[core::bridgeName(kWeb2)].bridge = true;
  host.reconciler.touchFirewall();
  host.step();
  CHECK(host.firewall.calls.empty());
  CHECK(host.reconciler.sharedInstance() ==
        "INSTANCE is not this plugin's alone: network web2 of driver old:latest has the bridge " +
            core::bridgeName(kWeb2) +
            " of the same INSTANCE; set another INSTANCE for this plugin, or remove that network");

  host.kernel.networks.clear();
  core::otherNetworkDestroyed(host.facts(), kWeb2);
  host.reconciler.touchFirewall();
  host.step();
  CHECK(host.firewall.calls == std::vector<bool>{false});
  CHECK(host.reconciler.sharedInstance().empty());
}
