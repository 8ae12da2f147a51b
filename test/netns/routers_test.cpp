// Hosts with other addresses and links than one interface with IPv4 and IPv6: without IPv4, with
// two links to two routers, with a routing daemon of their own.
#include "netns/routers_lab.hpp"

#include "io/file.hpp"

using namespace bgplb;
using namespace bgplb::test;
using namespace bgplb::test::routers_lab;

namespace {

bool listens(const std::string& at) {
  return shell("ss -Hltn").find(" " + at + " ") != std::string::npos;
}

// The block of that name on a page of the documentation.
std::string documented(const std::string& page, const std::string& name) {
  const auto text = io::readFile(std::string(PROJECT_SOURCE_DIR "/") + page).value();
  const auto fence = text.find("```", text.find(" " + name + " -->\n"));
  const auto begin = text.find('\n', fence) + 1;
  return text.substr(begin, text.find("```", begin) - begin);
}

}  // namespace

TEST_CASE("Routers.AHostWithoutIpv4AnnouncesIpv6Vips_AndIpv4VipsOnceItHasRouterId",
          "[netns][dockerd]") {
  Host host({{"ROUTER_ID", "192.0.2.41"}, {"PEER_ADDRESS", "fd77::2"}});
  Netns there;
  Host::link("us", {"fd77::1/64"}, there, {"fd77::2/64", "192.0.2.1/24"});
  Router router(host.io, there, session("fd77::2", "fd77::1"));
  host.start();
  Backend backend(host, host.docker.createNetwork("six", {kVip6.toString()}));
  REQUIRE(eventually([&] { return router.has(kVip6); }));
  CHECK(router.received().nextHops.at(kVip6.toString()) == "fd77::1");
  CHECK(reaches(router, there, kVip6, backend));
  CHECK(listens("[fd77::1]:17900"));
  const auto before = host.status();
  REQUIRE(before.vips.size() == 1);
  CHECK(before.vips[0].problem == "");
  CHECK_FALSE(hasNote(before, "ROUTER_ID"));
  CHECK(host.peer("fd77::2").lastError == "");

  const std::string withheld =
      "ROUTER_ID 192.0.2.41 is not an address of this host, so fd77::2 has no next hop for IPv4";
  host.web("both", {kVip4.toString(), "2001:db8:0:1::102/128"});
  REQUIRE(eventually([&] { return router.has(net("2001:db8:0:1::102/128")); }));
  CHECK(eventually([&] { return hasNote(host.status(), withheld); }));
  CHECK_FALSE(router.has(kVip4));
  CHECK(eventually([&] { return host.controller.log().find(withheld) != std::string::npos; }));

  const auto since = host.peer("fd77::2").since;
  Host::addAddress("192.0.2.41/24", "us");
  REQUIRE(eventually([&] { return router.has(kVip4); }));
  CHECK(router.received().nextHops.at(kVip4.toString()) == "192.0.2.41");
  CHECK_FALSE(hasNote(host.status(), "ROUTER_ID"));
  CHECK(host.peer("fd77::2").since == since);
}

TEST_CASE("Routers.TwoLinks_EachRouterUsesTheHostsAddressOnItsLink_OneLinkFails",
          "[netns][dockerd]") {
  Host host(
      {{"ROUTER_ID", "10.77.0.1"}, {"PEER_ADDRESS", "10.77.0.2,10.2.0.2"}, {"HOLD_TIME", "3"}});
  Netns left, right;
  Host::link("us0", {"10.77.0.1/24", "fd77::1/64"}, left, {"10.77.0.2/24", "fd77::2/64"});
  Host::link("us1", {"10.2.0.1/24", "fd02::1/64"}, right, {"10.2.0.2/24", "fd02::2/64"});
  Router routerLeft(host.io, left, session("10.77.0.2", "10.77.0.1"));
  Router routerRight(host.io, right, session("10.2.0.2", "10.2.0.1"));
  host.start();
  Backend backend(host, host.docker.createNetwork("web", {kVip4.toString(), kVip6.toString()}));
  const auto announced = [](Router& router) { return router.has(kVip4) && router.has(kVip6); };
  REQUIRE(eventually([&] { return announced(routerLeft) && announced(routerRight); }));
  CHECK(routerLeft.received().nextHops.at(kVip4.toString()) == "10.77.0.1");
  CHECK(routerLeft.received().nextHops.at(kVip6.toString()) == "fd77::1");
  CHECK(routerRight.received().nextHops.at(kVip4.toString()) == "10.2.0.1");
  CHECK(routerRight.received().nextHops.at(kVip6.toString()) == "fd02::1");
  for (const auto& vip : {kVip4, kVip6}) {
    CHECK(reaches(routerLeft, left, vip, backend));
    CHECK(reaches(routerRight, right, vip, backend));
  }

  const auto since = host.peer("10.2.0.2").since;
  const auto before = routerRight.received();
  shell("ip link set us0 down");
  REQUIRE(eventually([&] { return !host.isEstablished("10.77.0.2"); }));
  // BIRD has lost the left session. The right one is the same, and has received no change.
  CHECK(host.peer("10.2.0.2").since == since);
  CHECK(host.isEstablished("10.2.0.2"));
  CHECK(routerRight.received().updates == before.updates);
  CHECK(routerRight.received().withdrawals == 0);
  for (const auto& vip : {kVip4, kVip6}) CHECK(reaches(routerRight, right, vip, backend));

  shell("ip link set us0 up");
  Host::addAddress("fd77::1/64", "us0");  // the kernel removed it with the link
  REQUIRE(eventually([&] { return host.isEstablished("10.77.0.2"); }, 20s));
  REQUIRE(eventually([&] { return announced(routerLeft); }));
  CHECK(routerLeft.received().nextHops.at(kVip4.toString()) == "10.77.0.1");
  for (const auto& vip : {kVip4, kVip6}) CHECK(reaches(routerLeft, left, vip, backend));
}

// As in a leaf/spine network: the daemon has the session to the switch.
TEST_CASE("Routers.ARoutingDaemonOnTheHostAnnouncesTheVipsToItsOwnPeer", "[netns][dockerd]") {
  Host host({{"ROUTER_ID", "192.168.8.40"},
             {"LOCAL_AS", "65534"},
             {"PEER_ADDRESS", "127.0.0.1"},
             {"PEER_AS", "65040"}});
  Netns there;
  Host::link("us", {"192.168.8.40/24", "2001:db8:8::40/64"}, there,
             {"192.168.8.137/24", "2001:db8:8::137/64"});
  Router leaf(host.io, there,
              "  local 192.168.8.137 as 64512;\n  neighbor 192.168.8.40 as 65040;\n");
  const LocalBird local(documented("docs/router.md", "local-bird"));
  host.start();
  Backend backend(host, host.docker.createNetwork("web", {kVip4.toString(), kVip6.toString()}));
  const auto announced = [&] { return leaf.has(kVip4) && leaf.has(kVip6); };
  REQUIRE(eventually(announced, 20s));
  CHECK(leaf.received().nextHops.at(kVip4.toString()) == "192.168.8.40");
  CHECK(leaf.received().nextHops.at(kVip6.toString()).starts_with("2001:db8:8::40"));
  CHECK(leaf.received().attributes.find("65040 65534") != std::string::npos);
  // The daemon installs no route beside the plugin's.
  CHECK(shell("ip route show 10.0.0.101").find("proto bird") == std::string::npos);
  CHECK(shell("ip route show 10.0.0.101").find("proto 178") != std::string::npos);
  CHECK(reaches(leaf, there, kVip4, backend));
  const auto status = host.status();
  CHECK_FALSE(hasNote(status, "127.0.0.1"));
  for (const auto& vip : status.vips) {
    CHECK(vip.exportedTo == std::vector<std::string>{"127.0.0.1"});
    CHECK(vip.problem == "");
  }

  // The daemon is the graceful-restart helper: the switch notices nothing.
  const auto before = leaf.received();
  const pid_t killed = host.controller.bird();
  bird_lab::endProcess(killed);
  REQUIRE(eventually([&] { return host.controller.bird() != killed; }, 20s));
  REQUIRE(eventually([&] { return host.isEstablished("127.0.0.1"); }, 20s));
  CHECK(announced());
  CHECK(leaf.received().withdrawals == before.withdrawals);

  host.docker.kill(backend.web, dockerd_lab::kSigUsr2);
  REQUIRE(eventually([&] { return !leaf.has(kVip4) && !leaf.has(kVip6); }));
  REQUIRE(eventually([] { return shell("ip route show 10.0.0.101").empty(); }));
}
