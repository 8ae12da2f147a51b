// Another program deletes all our routes, policy rules and next hops at once. networkd_test.cpp has
// such a program, which deletes less.
#include "netns/two_backends.hpp"
#include "support/neighbour_row.hpp"

#include <fmt/format.h>

using namespace bgplb;
using namespace bgplb::test;
using namespace bgplb::test::traffic_lab;

namespace {

constexpr const char* kDeleteAll =
    "for family in 4 6; do ip -$family route flush table all proto 178; done; "
    "ip nexthop flush proto 178; "
    "for family in 4 6; do ip -$family rule flush protocol 178; done";

}  // namespace

TEST_CASE("ForeignDeletion.AllIsRestored_AndConnectionsKeepTheirBackend", "[netns][dockerd]") {
  Host host;
  TwoBackends backends(host);
  const std::string before = kernelObjects();
  for (int round = 0; round < 5; ++round) {
    INFO("round " << round);
    shell(kDeleteAll);
    const auto deleted = Clock::now();
    const bool restored = eventually([&] { return kernelObjects() == before; });
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - deleted);
    INFO("before:\n" << before << "now:\n" << kernelObjects());
    REQUIRE(restored);
    neighbourRow("ip, flush", "all routes, rules and next hops deleted",
                 fmt::format("restored and checked after {} ms", took.count()));
    backends.checkConnections();
  }
  // While the program still deletes, the kernel may remove a restored host route again, together
  // with its next hops. The VIP is then withdrawn and announced again.
  REQUIRE(eventually([&] { return host.isAnnounced(backends.web()); }));
  neighbourRow("ip, flush", "deleted five times",
               fmt::format("{} UPDATEs and withdrawals", backends.updates()));
  host.checkHealthy();
}
