// A pass over all networks of the host, and changes during the pass.
#include "reconcile/web1_host.hpp"

#include "support/catch.hpp"

#include <fmt/format.h>

using namespace bgplb;
using namespace bgplb::test;

namespace {

NetworkId other(int i) { return NetworkId(fmt::format("{:09x}{:055x}", i + 1, 0)); }

// A host whose pass has to restore the bridges of kOthers networks.
struct BusyHost : Host {
  static constexpr int kOthers = 1000;

  BusyHost() {
    makeReady();
    for (int i = 0; i < kOthers; ++i) {
      const auto vip = net(fmt::format("10.1.{}.{}/32", i / 250, i % 250 + 1).c_str());
      reconciler.touch(core::networkCreated(facts(), other(i), vip, std::nullopt));
    }
    step();
    for (int i = 0; i < kOthers; ++i) kernel.networks.erase(core::bridgeName(other(i)));
  }
  int repaired() const {
    int count = 0;
    for (int i = 0; i < kOthers; ++i) count += kernel.observe(core::bridgeName(other(i))).bridge;
    return count;
  }
};

}  // namespace

TEST_CASE("Reconciler.ReconcilesADirtyNetwork_BetweenTheTurnsOfAPassOverAllNetworks") {
  BusyHost host;
  host.reconciler.touchAll(host.now);
  CHECK(host.reconciler.step(host.now) == core::TimePoint::min());  // the next step follows at once
  const int inOneTurn = host.repaired();
  CHECK(inOneTurn > 0);
  CHECK(inOneTurn <= 50);

  REQUIRE(host.announced());
  host.reconciler.touch(
      core::containerHealth(host.facts(), kCtr1, core::Health::Unhealthy, host.now));
  CHECK(host.reconciler.step(host.now) == core::TimePoint::min());
  CHECK_FALSE(host.announced());
  CHECK(host.repaired() <= 2 * inOneTurn);

  host.step();
  CHECK(host.repaired() == BusyHost::kOthers);
}

TEST_CASE("Reconciler.PrimesNeighborsAndPinsConnections_ThroughThePorts") {
  Host host;
  const auto neighbor = ip("2001:db8::25");
  host.reconciler.primeNeighbor(neighbor);
  CHECK(host.kernel.primed == std::vector<Address>{neighbor});
  host.reconciler.setPinned(true);
  CHECK(host.kernel.pinned);
}
