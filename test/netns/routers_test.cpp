// Hosts with other addresses and links than one interface with IPv4 and IPv6: without IPv4, with
// two links to two routers, with a routing daemon of their own.
#include "netns/routers_lab.hpp"

using namespace bgplb;
using namespace bgplb::test;
using namespace bgplb::test::routers_lab;

namespace {

bool listens(const std::string& at) {
  return shell("ss -Hltn").find(" " + at + " ") != std::string::npos;
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
