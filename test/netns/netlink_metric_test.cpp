// Tests that the routes of RtnlKernel are preferred to those of a routing daemon.
#include "netns/netlink_world.hpp"

using namespace bgplb;
using namespace bgplb::test;

// A host with a routing daemon learns the VIP from the hosts that announce it as well. If the
// daemon's route were preferred, packets for the VIP would return to the router.
TEST_CASE("RtnlKernel.ItsRouteIsPreferredToThatOfARoutingDaemon") {
  World world;
  shell("ip link add eth9 up type bridge");
  const auto learn = [] {  // protocol zebra, with the metric of FRR
    shell("ip route add 10.0.0.101/32 dev eth9 proto 186 metric 20");
    shell("ip -6 route add 2001:db8:0:1::101/128 dev eth9 proto 186 metric 20");
  };
  SECTION("learned before") {
    learn();
    world.makeNetwork();
  }
  SECTION("learned after") {
    world.makeNetwork();
    learn();
  }
  CHECK(world.kernel.routeTo(kVip4.address())->dev == kBridge);
  CHECK(world.kernel.routeTo(kVip6.address())->dev == kBridge);
  CHECK(world.observe(kBridge) == world.network());
  world.apply(core::RouteDel{kVip6, kBridge});
  CHECK(world.kernel.routeTo(kVip6.address())->dev == "eth9");  // left alone
  world.checkMirror();
}

TEST_CASE("RtnlKernel.ReplacesTheIpv6RouteOfAnEarlierVersion") {
  World world;
  world.makeNetwork();
  world.apply(core::RouteDel{kVip6, kBridge});
  const std::string nexthops = shell("ip -6 nexthop show proto 178; ip nexthop show proto 178");
  const std::string group = shell("ip nexthop | grep group | tail -n 1 | cut -d ' ' -f 2");
  INFO(nexthops);
  shell("ip -6 route add 2001:db8:0:1::101/128 nhid " + group.substr(0, group.size() - 1) +
        " proto 178 metric 1024");
  REQUIRE(world.reported(kBridge));
  auto former = world.network();
  former.strays = {kVip6};
  CHECK(text(world.observe(kBridge)) == text(former));
  SECTION("replaced") {
    world.apply(core::RouteReplace{kVip6, kBridge});
    CHECK(text(world.observe(kBridge)) == text(world.network()));
    CHECK(has(shell("ip -6 route show 2001:db8:0:1::101"), "metric 1 "));
    CHECK_FALSE(has(shell("ip -6 route show 2001:db8:0:1::101"), "metric 1024"));
  }
  SECTION("removed") {
    world.apply(core::RouteDel{kVip6, kBridge});
    CHECK(shell("ip -6 route show 2001:db8:0:1::101").empty());
  }
  world.checkMirror();
}
