// VIPs and gateway subnets that would take over traffic of the host: they are refused when dockerd
// creates them, when they come from dockerd's lists, and when the host's addresses, routes, peers
// or bridge networks change later.
#include "netns/dockerd_lab.hpp"
#include "support/dockerd/controller_status.hpp"

#include <fmt/format.h>

using namespace bgplb;
using namespace bgplb::test;
using namespace bgplb::test::dockerd_lab;

namespace {

const Prefix kPeersAddress = Prefix::parse("10.77.0.2/32").value();
const Prefix kVip = Prefix::parse("10.9.0.111/32").value();

// The problem of the VIP on that network; "unknown" until the controller knows the network.
std::string problemOf(const Lab& lab, const std::string& network, const Prefix& vip) {
  const auto page = statusOf(lab.controller);
  for (const auto& known : page.vips) {
    if (known.network == network && known.vip == vip.toString()) return known.problem;
  }
  return "unknown";
}

std::string gatewayProblemOf(const Lab& lab, const Prefix& subnet) {
  const auto page = statusOf(lab.controller);
  for (const auto& known : page.gateways) {
    if (known.subnet == subnet.toString()) return known.problem;
  }
  return "unknown";
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

bool isRouted(const Prefix& vip) { return has(shell("ip route show " + vip.toString()), "nhid"); }

// The error that dockerd shows for `docker network create`; empty: the network was created.
std::string refusal(Lab& lab, const std::string& vip) {
  try {
    lab.docker.createNetwork("refused", {vip});
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

// The VIP is withdrawn and its host route removed, for this reason; all others stay.
void requireRefused(Lab& lab, const Web& web, const std::string& words) {
  INFO(words);
  REQUIRE(lab.isWithdrawnAtOnce(web));
  REQUIRE(eventually([&] { return !isRouted(web.vips.front()); }, kAtOnce));
  REQUIRE(has(problemOf(lab, web.name, web.vips.front()), words));
  // A thread of its own writes the log.
  REQUIRE(eventually([&] { return has(lab.controller.log(), words); }));
  lab.checkKept();
}

void requireAllowedAgain(Lab& lab, const Web& web) {
  REQUIRE(lab.isAnnouncedAtOnce(web));
  REQUIRE(isRouted(web.vips.front()));
  REQUIRE(problemOf(lab, web.name, web.vips.front()) == "");
}

}  // namespace

TEST_CASE("Dockerd.AVipWithThePeersAddress_IsRefusedAtCreate_AndTheSessionStays",
          "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  const std::string words = "VIP 10.77.0.2 is the address of a BGP peer of this host";
  REQUIRE(has(refusal(lab, "10.77.0.2/32"), words));
  std::string pool;
  try {
    lab.docker.call("IpamDriver.RequestPool",
                    R"({"AddressSpace":"bgplb","Pool":"10.77.0.2/32","SubPool":"","Options":null,)"
                    R"("V6":false})");
  } catch (const std::runtime_error& error) {
    pool = error.what();
  }
  REQUIRE(has(pool, words));
  REQUIRE(has(refusal(lab, "10.77.0.1/32"), "VIP 10.77.0.1 is an address of this host"));
  lab.announcedAtOnce("new", {"10.0.0.111/32"});  // needs the session
  lab.checkWithdrawals();
  lab.checkEnd();
}

TEST_CASE("Dockerd.AVipWithThePeersAddress_FromAList_IsNeitherRoutedNorAnnounced",
          "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  const auto web = lab.docker.listNetwork("shadow", {kPeersAddress.toString()});
  lab.docker.start(web);
  lab.docker.health(web, "healthy");
  REQUIRE(eventually([&] {
    const auto page = statusOf(lab.controller);
    return std::any_of(page.vips.begin(), page.vips.end(), [](const ops::VipStatus& vip) {
      return vip.network == "shadow" && !vip.backends.empty() &&
             vip.backends.front().state == "ready";
    });
  }));
  REQUIRE(has(problemOf(lab, "shadow", kPeersAddress), "is the address of a BGP peer"));
  REQUIRE_FALSE(isRouted(kPeersAddress));
  lab.announcedAtOnce("new", {"10.0.0.111/32"});  // needs the session
  REQUIRE_FALSE(lab.peer.has(kPeersAddress));
  lab.checkWithdrawals();
  lab.checkEnd();
}

TEST_CASE("Dockerd.AnAddressOfTheHostAppears_TheVipIsWithdrawnUntilItIsRemoved",
          "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  const auto web = lab.announced("web", {kVip.toString()});
  shell("ip addr add " + kVip.toString() + " dev us");
  requireRefused(lab, web, "VIP 10.9.0.111 is an address of this host");
  shell("ip addr del " + kVip.toString() + " dev us");
  requireAllowedAgain(lab, web);
  lab.checkWithdrawals();
  lab.checkEnd();
}

TEST_CASE("Dockerd.ABridgeNetworkAppears_TheVipIsWithdrawnUntilItIsRemoved", "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  const auto web = lab.announced("web", {kVip.toString()});
  const auto bridge = lab.docker.createGateway("lan", "10.9.0.0/24");
  requireRefused(lab, web,
                 "VIP 10.9.0.111 lies inside the subnet 10.9.0.0/24 of the Docker network lan");
  REQUIRE(has(refusal(lab, "10.9.0.112/32"), "lies inside the subnet 10.9.0.0/24"));
  lab.docker.removeGateway(bridge);
  requireAllowedAgain(lab, web);
  lab.checkWithdrawals();
  lab.checkEnd();
}

TEST_CASE("Dockerd.ABridgeNetworkHasAVipAsItsSubnet_ItsRemovalDoesNotWithdrawTheVip",
          "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  const auto web = lab.announced("web", {kVip.toString()});
  lab.keep(web);
  const auto bridge = lab.docker.createGateway("same", kVip.toString());
  REQUIRE(eventually([&] { return !isRouted(kVip); }, kAtOnce));
  lab.docker.removeGateway(bridge);
  REQUIRE(eventually([&] { return isRouted(kVip); }, kAtOnce));
  lab.announcedAtOnce("new", {"10.0.0.111/32"});  // after every earlier UPDATE
  lab.checkWithdrawals();
  lab.checkEnd();  // no UPDATE about the prefix reached the peer
}

TEST_CASE("Dockerd.ANextHopTowardsThePeerAppears_TheVipIsWithdrawn", "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  lab.there.shell("ip addr add 10.77.0.66/24 dev router");
  const auto web = lab.announced("web", {"10.77.0.66/32"});
  shell("ip route add 10.77.0.2/32 via 10.77.0.66 dev us");
  REQUIRE(eventually([&] {
    return has(problemOf(lab, "web", web.vips.front()),
               "VIP 10.77.0.66 is the next hop of this host towards the BGP peer 10.77.0.2");
  }));
  REQUIRE(eventually([&] { return !isRouted(web.vips.front()); }, kAtOnce));
  // The peer is no longer on a connected network, so its session starts again.
  REQUIRE(eventually([&] { return lab.peer.sessions() == 2 && lab.isAnnounced(lab.kept); }));
  REQUIRE(lab.isWithdrawn(web));
  shell("ip route del 10.77.0.2/32 via 10.77.0.66 dev us");
  REQUIRE(eventually([&] { return lab.isAnnounced(web) && isRouted(web.vips.front()); }));
}

// The new controller adopts BIRD, which announces the VIP, and finds the VIP's host route.
TEST_CASE("Dockerd.APeerAppearsAtARestart_TheVipIsWithdrawn", "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  const auto web = lab.announced("web", {kVip.toString()});
  lab.controller.kill();
  REQUIRE(isRouted(kVip));
  lab.controller.set("PEER_ADDRESS", "10.77.0.2,10.9.0.111");
  lab.controller.start();
  requireRefused(lab, web, "VIP 10.9.0.111 is the address of a BGP peer of this host");
  lab.announcedAtOnce("new", {"10.0.0.111/32"});
  lab.checkWithdrawals();
  lab.checkEnd();
}

TEST_CASE("Dockerd.AGatewaySubnetWithThePeer_IsNotAnnounced", "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  const auto subnet = Prefix::parse("10.77.0.0/25").value();
  lab.docker.createGateway("uplink", subnet.toString());
  REQUIRE(eventually([&] {
    return gatewayProblemOf(lab, subnet) ==
           "gateway subnet 10.77.0.0/25 contains the BGP peer 10.77.0.2";
  }));
  lab.announcedAtOnce("new", {"10.0.0.111/32"});  // after every earlier UPDATE
  REQUIRE_FALSE(lab.peer.has(subnet));
  lab.checkWithdrawals();
  lab.checkEnd();
}

TEST_CASE("Dockerd.AllowedPrefixes_LimitVipsAndGatewaySubnets", "[netns][dockerd]") {
  Lab lab;
  lab.controller.set("ALLOWED_PREFIXES", "10.0.0.0/24, 2001:db8:0:1::/64");
  lab.begin();
  const std::string words =
      "VIP 10.9.0.111 lies outside of ALLOWED_PREFIXES (10.0.0.0/24, 2001:db8:0:1::/64)";
  REQUIRE(has(refusal(lab, kVip.toString()), words));
  const auto web = lab.docker.listNetwork("outside", {kVip.toString()});
  const auto subnet = Prefix::parse("172.23.0.0/24").value();
  lab.docker.createGateway("gateway", subnet.toString());
  lab.docker.start(web);
  lab.docker.health(web, "healthy");
  REQUIRE(eventually([&] { return has(problemOf(lab, "outside", kVip), words); }));
  REQUIRE(eventually(
      [&] { return has(gatewayProblemOf(lab, subnet), "lies outside of ALLOWED_PREFIXES"); }));
  lab.announcedAtOnce("new", {"10.0.0.111/32", "2001:db8:0:1::111/128"});
  REQUIRE_FALSE(isRouted(kVip));
  REQUIRE(lab.isWithdrawn(web));
  REQUIRE_FALSE(lab.peer.has(subnet));
  for (const auto& note : statusOf(lab.controller).notes)
    REQUIRE_FALSE(has(note, "ALLOWED_PREFIXES"));
  lab.checkWithdrawals();
  lab.checkEnd();
}

TEST_CASE("Dockerd.WithoutAllowedPrefixes_StatusHasANote", "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  const auto notes = statusOf(lab.controller).notes;
  REQUIRE(std::count_if(notes.begin(), notes.end(), [](const std::string& note) {
            return has(note, "ALLOWED_PREFIXES is not set");
          }) == 1);
  lab.checkEnd();
}
