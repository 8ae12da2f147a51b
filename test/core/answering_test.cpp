// Which containers can answer over IPv4 and over IPv6.
#include "core/answering.hpp"

#include "core/desired.hpp"
#include "support/build.hpp"
#include "support/catch.hpp"

using namespace bgplb;
using namespace bgplb::test;

namespace {

const NetworkId kGateway{"dddddddddddd4444444444444444444444444444444444444444444444444444"};
const NetworkId kOther{"eeeeeeeeeeee5555555555555555555555555555555555555555555555555555"};

// A ready container with both VIPs, and on the networks that `reply` adds.
struct Answering {
  core::Facts facts;
  core::ContainerReport container = test::report(kCtr1, kWeb1, kEp1, core::Health::Healthy);

  Answering() {
    facts.listed = true;
    core::networkCreated(facts, kWeb1, net("10.0.0.101/32"), net("2001:db8:0:1::101/128"));
    core::endpointCreated(facts, kWeb1, kEp1, ip("10.0.0.101"), ip("2001:db8:0:1::101"),
                          mac("02:00:00:00:00:01"));
    core::endpointLink(facts, kEp1, core::LinkState::Joined);
  }
  void bridge(const NetworkId& id, std::vector<Prefix> subnets, bool internal = false,
              const char* link = "br0") {
    core::NetworkReport report{.id = id, .name = "gateway", .driver = "bridge"};
    report.subnets = std::move(subnets);
    report.options["com.docker.network.bridge.name"] = link;
    report.internal = internal;
    listNetwork(facts, report, false);
  }
  void attach(const NetworkId& id, std::optional<Address> v4, std::optional<Address> v6) {
    container.attachments.push_back({id, EndpointId("other"), {}, v4, v6});
  }
  std::string why(Family family) {
    core::containerReported(facts, container, core::TimePoint{});
    return core::cannotAnswer(facts, kEp1, family);
  }
};

}  // namespace

TEST_CASE("Answering.OverTheFamiliesOfItsGatewayNetwork") {
  Answering host;
  const bool ipv6 = GENERATE(true, false);
  host.bridge(kGateway, {net("172.23.0.0/24")});
  host.attach(kGateway, ip("172.23.0.25"),
              ipv6 ? std::optional(ip("2001:db8:23::25")) : std::nullopt);
  CHECK(host.why(Family::V4).empty());
  CHECK(host.why(Family::V6) ==
        (ipv6 ? "" : "container ctr-c1 has no network over which it can reply to IPv6 clients"));
}

// Docker attaches a container to docker_gwbridge if no other network connects the container to the
// outside.
TEST_CASE("Answering.OverDockersOwnGatewayBridge_WithoutAnotherNetworkThatLeadsOutside") {
  Answering host;
  SECTION("no other network") {}
  SECTION("an internal network") {
    host.bridge(kOther, {net("172.24.0.0/24")}, true, "br1");
    host.attach(kOther, ip("172.24.0.2"), {});
  }
  SECTION("a network of another driver") { host.attach(kOther, ip("172.24.0.2"), {}); }
  CHECK(host.why(Family::V6).empty());  // docker_gwbridge is not known yet
  host.bridge(kGateway, {net("172.18.0.0/16")}, false, core::kSwarmGatewayBridge);
  CHECK(host.why(Family::V4).empty());
  CHECK(host.why(Family::V6) ==
        "container ctr-c1 has no network over which it can reply to IPv6 clients");
  host.bridge(kGateway, {net("172.18.0.0/16"), net("2001:db8:18::/64")}, false,
              core::kSwarmGatewayBridge);
  CHECK(host.why(Family::V6).empty());
}

// The network for the replies may become known after the container.
TEST_CASE("Answering.IsEvaluatedAgainWhenAGatewayAppears") {
  Answering host;
  const bool swarm = GENERATE(true, false);
  if (!swarm) host.attach(kGateway, ip("172.23.0.25"), {});
  CHECK(host.why(Family::V6).empty());
  core::NetworkReport report{.id = kGateway, .name = "gateway", .driver = "bridge"};
  report.subnets = {net("172.23.0.0/24")};
  if (swarm) report.options["com.docker.network.bridge.name"] = core::kSwarmGatewayBridge;
  CHECK(listNetwork(host.facts, report, false) == core::Touched{kWeb1});
  CHECK_FALSE(core::cannotAnswer(host.facts, kEp1, Family::V6).empty());
  CHECK(core::bridgeDestroyed(host.facts, kGateway) == core::Touched{kWeb1});
}

TEST_CASE("Answering.NotOverIpv6_IfASysctlOfTheContainerDisablesIt") {
  Answering host;
  host.container.ipv6Disabled = true;
  CHECK(host.why(Family::V6) == "IPv6 is disabled in container ctr-c1");
  CHECK(host.why(Family::V4).empty());
}

// The kernel uses the greater of the link's value and the value of "all"; 2 is loose.
TEST_CASE("Answering.NotOverIpv4_IfTheContainersReversePathFilterIsStrict") {
  const auto [link, all, answers] = GENERATE(table<unsigned, unsigned, bool>(
      {{0, 0, true}, {1, 0, false}, {2, 0, true}, {0, 1, false}, {1, 2, true}, {2, 1, true}}));
  CAPTURE(link, all);
  Answering host;
  host.container.reversePathFilter = all;
  core::endpointReversePathFilter(host.facts, kEp1, link);
  CHECK(host.why(Family::V4).empty() == answers);
  CHECK(host.why(Family::V6).empty());
  if (!answers) {
    CHECK(host.why(Family::V4).starts_with("container ctr-c1 drops requests to the VIP"));
  }
}

TEST_CASE("Answering.NotWithoutTheVip") {
  Answering host;
  core::endpointCreated(host.facts, kWeb1, kEp2, ip("10.0.0.101"), {}, mac("02:00:00:00:00:02"));
  host.container.attachments.front().endpoint = kEp2;
  core::containerReported(host.facts, host.container, core::TimePoint{});
  CHECK(core::cannotAnswer(host.facts, kEp2, Family::V6) ==
        "container ctr-c1 does not have the IPv6 VIP");
  CHECK(core::cannotAnswer(host.facts, kEp2, Family::V4).empty());
}

TEST_CASE("Answering.AsLongAsNothingElseIsKnown") {
  Answering host;
  CHECK(core::cannotAnswer(host.facts, kEp1, Family::V6).empty());  // no container yet
  CHECK(host.why(Family::V6).empty());
}
