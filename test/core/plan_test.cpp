// Tests of the order of the plan's actions.
#include "core/plan.hpp"

#include "support/build.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <variant>

using namespace bgplb;
using namespace bgplb::test;

// Another program may remove all routes, policy rules and next hops at once, as systemd-networkd
// does. A connection must not follow the main table's route before its pinned route is restored.
TEST_CASE("Plan.EstablishedConnectionsAreRoutedBeforeNewOnes") {
  core::KernelNetwork desired{.bridge = true};
  for (const char* vip : {"10.0.0.101/32", "2001:db8::101/128"}) {
    const Prefix destination = *Prefix::parse(vip);
    for (const core::Slot slot : {1U, 2U}) {
      const Address via = core::nextHop(destination.family(), slot);
      desired.nextHops.insert(via);
      desired.groups[destination.family()].insert(via);
      desired.pinned.insert({destination, via});
    }
    desired.routes.insert(destination);
  }
  const auto actions = core::plan("bgplb-1", desired, {.bridge = true}, {});
  const auto is = [](auto type) {
    return
        [](const core::Action& action) { return std::holds_alternative<decltype(type)>(action); };
  };
  CHECK(std::count_if(actions.begin(), actions.end(), is(core::PinnedRouteReplace{})) == 4);
  const auto firstRoute = std::find_if(actions.begin(), actions.end(), is(core::RouteReplace{}));
  REQUIRE(firstRoute != actions.end());
  CHECK(std::none_of(firstRoute, actions.end(), is(core::PinnedRouteReplace{})));
  CHECK(std::none_of(firstRoute, actions.end(), is(core::NextHopAdd{})));
}
