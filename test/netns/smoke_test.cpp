// The product's main functions, each once, on the kernel of this machine, whatever it lacks: IPv6,
// nf_tables, resilient next-hop groups. test/kernels runs these tests on the kernels of several
// distributions.
#include "netns/traffic_lab.hpp"

#include <stdexcept>

using namespace bgplb;
using namespace bgplb::test;
using namespace bgplb::test::traffic_lab;

TEST_CASE("Smoke.AVipOfEachFamilyIsAnnouncedAndReachable", "[netns][dockerd]") {
  Host host;
  Backend backend(host, host.docker.createNetwork("web", vips()));
  REQUIRE(eventually([&] { return host.isAnnounced(backend.web); }));
  for (const auto& vip : backend.web.vips) {
    INFO(vip.toString());
    CHECK(host.arrives(Flow(host.there, vip.address()), backend));
  }
  host.docker.dieFirst(backend.web);
  CHECK(eventually([&] { return host.isWithdrawn(backend.web); }));
  host.checkHealthy();
}

TEST_CASE("Smoke.TwoBackendsShareAVip_AndAConnectionKeepsItsBackend", "[netns][dockerd]") {
  Host host;
  Backend first(host, host.docker.createNetwork("web", vips()));
  REQUIRE(eventually([&] { return host.isAnnounced(first.web); }));
  const bool pinned = hasNfTables();
  CHECK(eventually([&] { return hasMarks() == pinned; }));
  std::vector<Flow> established;
  for (const auto& vip : first.web.vips) {
    established.emplace_back(host.there, vip.address());
    CHECK(host.arrives(established.back(), first));
  }
  Backend second(host, host.docker.another(first.web));
  for (const auto& vip : first.web.vips) {
    INFO(vip.toString());
    CHECK(host.getsNewConnections(second, vip));
    CHECK(host.getsNewConnections(first, vip));
  }
  if (pinned) {
    second.received();  // what arrived before
    for (const auto& flow : established) {
      first.received();
      CHECK(host.arrives(flow, first));
    }
    CHECK_FALSE(second.received());
  }
  host.checkHealthy();
}

TEST_CASE("Smoke.Sigusr2DrainsABackend", "[netns][dockerd]") {
  Host host;
  Backend drained(host, host.docker.createNetwork("web", vips()));
  REQUIRE(eventually([&] { return host.isAnnounced(drained.web); }));
  const Prefix vip = drained.web.vips.front();
  const Flow established(host.there, vip.address());
  CHECK(host.arrives(established, drained));
  Backend other(host, host.docker.another(drained.web));
  CHECK(host.getsNewConnections(other, vip));

  host.docker.kill(drained.web, kSigUsr2);
  CHECK(eventually([&] { return host.dockerd.count(drained.web.killPath()) > 0; }));
  CHECK(host.isAnnounced(other.web));  // the other backend serves the network
  host.docker.die(drained.web);
  CHECK(host.arrives(established, other));
  host.docker.kill(other.web, kSigUsr2);
  CHECK(eventually([&] { return host.isWithdrawn(other.web); }));
  host.checkHealthy();
}

TEST_CASE("Smoke.UdpFlowsLeaveAnUnhealthyBackend", "[netns][dockerd]") {
  Host host;
  Backend first(host, host.docker.createNetwork("web", vips()));
  REQUIRE(eventually([&] { return host.isAnnounced(first.web); }));
  std::vector<Flow> flows;
  for (const auto& vip : first.web.vips) {
    flows.emplace_back(host.there, vip.address());
    CHECK(host.arrives(flows.back(), first));
  }
  Backend second(host, host.docker.another(first.web));
  for (const auto& vip : first.web.vips) CHECK(host.getsNewConnections(second, vip));
  host.docker.health(first.web, "unhealthy");
  second.received();  // what arrived before
  for (const auto& flow : flows) CHECK(host.arrives(flow, second));
  host.checkHealthy();
}

TEST_CASE("Smoke.AnIpv6VipIsRefusedWithoutIpv6", "[netns][dockerd]") {
  Host host;
  Backend ipv4(host, host.docker.createNetwork("web", {kVip4}));
  const auto gateway = Prefix::parse("172.23.0.0/24").value();
  const auto gateway6 = Prefix::parse("2001:db8:2::/64").value();
  host.docker.createGateway("gateway", gateway.toString());
  host.docker.createGateway("gateway6", gateway6.toString());
  CHECK(eventually([&] { return host.isAnnounced(ipv4.web) && host.peer.has(gateway); }));
  std::string refusal;
  try {
    host.docker.createNetwork("both", {"10.0.0.102/32", kVip6});
  } catch (const std::runtime_error& error) {
    refusal = error.what();
  }
  if (hasIpv6()) {
    CHECK(refusal == "");
  } else {
    CHECK(refusal.find("VIP 2001:db8:0:1::101 cannot be served") != std::string::npos);
  }
  CHECK(eventually([&] { return host.peer.has(gateway6) == hasIpv6(); }));
  host.checkHealthy();
}
