// Tests of the nft table that limits the MSS of connections to VIPs. What the limit is for is
// tested in path_mtu_test.cpp.
#include "netns/dockerd_lab.hpp"
#include "netns/packet_filter.hpp"
#include "support/build.hpp"

using namespace bgplb;
using namespace bgplb::test;
using packet_filter::has;

namespace {

const char* const kList = "nft list table inet bgplb_mss";

bool isLimited(const std::string& vip, unsigned mss) {
  const auto set = test::tryShell(
      fmt::format("nft list set inet bgplb_mss vips{}_{}", has(vip, ":") ? 6 : 4, mss));
  return set.status == 0 && has(set.out, vip + (has(set.out, vip + ",") ? "," : " }"));
}

}  // namespace

TEST_CASE("MssClamp.TheTableFollowsTheLimits_AndIsRestored") {
  const ScopedNetns netns;
  packet_filter::Wall wall;
  firewall::SegmentLimits limits{{ip("10.0.0.101"), 1220}, {ip("2001:db8::101"), 1220}};
  wall.iptables.clampMss([&] { return limits; });
  wall.ensure(true);
  CHECK(isLimited("10.0.0.101", 1220));
  CHECK(isLimited("2001:db8::101", 1220));
  limits[ip("10.0.0.101")] = 1400;
  wall.ensure(true);
  CHECK(isLimited("10.0.0.101", 1400));
  CHECK_FALSE(isLimited("10.0.0.101", 1220));
  shell("nft delete table inet bgplb_mss");
  CHECK(runUntil(wall.io, [] { return isLimited("10.0.0.101", 1400); }));  // no call of ensure()
  CHECK(wall.iptables.mssProblem().empty());
  limits.clear();
  wall.ensure(true);
  CHECK(tryShell(kList).status != 0);
  limits[ip("10.0.0.101")] = 1220;
  wall.ensure(true);
  CHECK(isLimited("10.0.0.101", 1220));
  wall.ensure(false);
  CHECK(tryShell(kList).status != 0);
}

// A controller without VIP_MSS after one with it.
TEST_CASE("MssClamp.TheTableOfAPreviousControllerIsRemoved") {
  const ScopedNetns netns;
  shell("nft add table inet bgplb_mss");
  packet_filter::Wall wall;
  wall.iptables.clampMss([] { return firewall::SegmentLimits{}; });
  wall.ensure(true);
  CHECK(tryShell(kList).status != 0);
}

TEST_CASE("Dockerd.ANetworksMssTakesPrecedenceOverTheSetting", "[netns][dockerd]") {
  dockerd_lab::Lab lab;
  lab.controller.set("VIP_MSS", "1300");
  lab.startController();
  lab.docker.createNetwork("plain", {"10.0.0.101/32", "2001:db8:0:1::101/128"});
  lab.docker.createNetwork("small", {"10.0.0.102/32"}, {{"bgplb.mss", "1220"}});
  const auto limited = [] {
    return isLimited("10.0.0.101", 1300) && isLimited("2001:db8:0:1::101", 1300) &&
           isLimited("10.0.0.102", 1220);
  };
  CHECK(eventually(limited));
  // The next controller reads the networks' options from Docker's list.
  lab.controller.kill();
  shell("nft delete table inet bgplb_mss");
  lab.controller.start();
  CHECK(eventually(limited));
}
