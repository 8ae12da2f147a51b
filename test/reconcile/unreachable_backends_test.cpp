// Tests of backends that no packet can reach: without a slot, or without a carrier.
#include "core/backends.hpp"
#include "reconcile/web1_host.hpp"
#include "support/catch.hpp"

#include <fmt/format.h>

using namespace bgplb;
using namespace bgplb::test;
using core::Health;
using core::Readiness;

namespace {

EndpointId endpointOf(unsigned number) {
  return EndpointId(fmt::format("{:012x}{:052x}", number, 0));
}

struct ManyBackends : Host {
  explicit ManyBackends(unsigned count) {
    create();
    facts().networks.at(kWeb1).options.weight = 5;
    for (unsigned number = 1; number <= count; ++number) {
      const std::string address =
          fmt::format("02:00:00:00:{:02x}:{:02x}", number / 256, number % 256);
      join(endpointOf(number), address.c_str());
      report(ContainerId(fmt::format("c{:015x}", number)), endpointOf(number), Health::Healthy);
    }
  }
  Readiness readinessOf(const EndpointId& endpoint) {
    const auto reachability = reconciler.reachability(kWeb1, endpoint);
    return core::readiness(facts(), endpoint, reachability, reconciler.policy(), now);
  }
};

}  // namespace

// start-first updates of a service with more than 127 replicas reach the limit.
TEST_CASE("Reconciler.ABackendWithoutASlotIsNotReady_AndNotCountedInTheBandwidth") {
  ManyBackends host(core::kSlots + 1);
  const EndpointId surplus = endpointOf(core::kSlots + 1);
  CHECK(host.readinessOf(surplus) == Readiness::NoSlot);
  CHECK(core::word(Readiness::NoSlot) == "no-slot");
  CHECK(host.readinessOf(endpointOf(core::kSlots)) == Readiness::Ready);
  CHECK(host.routing.bandwidths.at(host.vip4) == std::uint64_t{core::kSlots} * 5);

  host.touch(core::endpointLink(host.facts(), endpointOf(7), core::LinkState::Left));
  CHECK(host.readinessOf(surplus) == Readiness::Ready);
  CHECK(host.routing.bandwidths.at(host.vip4) == std::uint64_t{core::kSlots} * 5);
}

TEST_CASE("Reconciler.AVipIsNotAnnouncedForABackendWithoutASlot") {
  Host host;
  host.makeReady();
  host.join(kEp2, "02:00:00:00:00:01");  // the MAC address of kEp1
  host.report(kCtr2, kEp2, Health::Healthy);
  CHECK(host.announced());
  host.touch(core::containerHealth(host.facts(), kCtr1, Health::Unhealthy, host.now));
  CHECK_FALSE(host.announced());
}

TEST_CASE("Reconciler.ABackendThatSetsItsInterfaceDownIsWithdrawn_AndHeldDownWhenItRepeats") {
  Host host;
  host.makeReady();
  const auto veth = core::vethHostName(kEp1);
  const auto carrier = [&](bool present) {
    host.reconciler.carrierChanged(veth, present, host.now);
    host.step();
  };
  for (int loss = 0; loss < 3; ++loss) {
    CHECK(host.announced());
    carrier(false);
    CHECK_FALSE(host.announced());
    carrier(true);
  }
  CHECK_FALSE(host.announced());
  host.later(std::chrono::seconds(10));
  CHECK(host.announced());
  host.reconciler.carrierChanged("bgl0000000000ff", false, host.now);  // of no endpoint
  host.step();
  CHECK(host.announced());
}
