// Another program deletes all our routes, policy rules and next hops at once, as systemd-networkd
// does when it starts (ManageForeignRoutes, ManageForeignRoutingPolicyRules,
// ManageForeignNextHops).
#include "netns/traffic_lab.hpp"

#include "support/neighbour_row.hpp"

#include <fmt/format.h>

using namespace bgplb;
using namespace bgplb::test;
using namespace bgplb::test::traffic_lab;

namespace {

// The order of systemd-networkd: addresses and routes, next hops, policy rules.
constexpr const char* kDeleteAll =
    "for family in 4 6; do ip -$family route flush table all proto 178; done; "
    "ip nexthop flush proto 178; "
    "for family in 4 6; do ip -$family rule flush protocol 178; done";

// All objects with our protocol, without the ids of the nexthop objects, which may change, and the
// state of a resilient group's timer.
std::string objects() {
  return shell(
      "{ for family in 4 6; do ip -$family rule show; "
      "ip -$family route show table all proto 178 | sort; done; ip nexthop show proto 178; } | "
      "sed -E 's/(id|nhid|group) [0-9\\/]+//g; s/ unbalanced_time [0-9.]+//; s/ linkdown//' | "
      "sort");
}

}  // namespace

TEST_CASE("ForeignDeletion.AllIsRestored_AndConnectionsKeepTheirBackend", "[netns][dockerd]") {
  Host host;
  Backend first(host, host.docker.createNetwork("web", vips()));
  REQUIRE(eventually([&] { return host.isAnnounced(first.web); }));
  REQUIRE(eventually([&] { return hasMarks(); }));
  std::vector<Flow> ofFirst;
  std::vector<Flow> ofSecond;
  for (const auto& vip : first.web.vips) {
    ofFirst.emplace_back(host.there, vip.address());
    CHECK(host.arrives(ofFirst.back(), first));
  }
  Backend second(host, host.docker.another(first.web));
  for (const auto& vip : first.web.vips) {
    REQUIRE(eventually([&] {
      ofSecond.emplace_back(host.there, vip.address());
      ofSecond.back().send();
      if (eventually([&] { return second.received(); }, 50ms)) return true;
      ofSecond.pop_back();
      return false;
    }));
  }
  const std::string before = objects();
  REQUIRE(before.find("17801:") != std::string::npos);

  for (int round = 0; round < 5; ++round) {
    INFO("round " << round);
    shell(kDeleteAll);
    const auto deleted = Clock::now();
    const bool restored = eventually([&] { return objects() == before; });
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - deleted);
    INFO("before:\n" << before << "now:\n" << objects());
    REQUIRE(restored);
    neighbourRow("systemd-networkd, like it", "all routes, rules and next hops deleted",
                 fmt::format("restored and checked after {} ms", took.count()));
    for (int i = 0; i < 20; ++i) {
      for (const auto& flow : ofFirst) flow.send();
    }
    CHECK(eventually([&] { return first.received(); }));
    CHECK_FALSE(second.received());
    for (int i = 0; i < 20; ++i) {
      for (const auto& flow : ofSecond) flow.send();
    }
    CHECK(eventually([&] { return second.received(); }));
    CHECK_FALSE(first.received());
  }
  // While the program still deletes, the kernel may remove a restored host route again, together
  // with its next hops. The VIP is then withdrawn and announced again.
  REQUIRE(eventually([&] { return host.isAnnounced(first.web); }));
  std::size_t updates = 0;
  for (const auto& vip : first.web.vips) updates += host.peer.changes(vip).size() - 1;
  neighbourRow("systemd-networkd, like it", "deleted five times",
               fmt::format("{} UPDATEs and withdrawals", updates));
  host.checkHealthy();
}
