// The policy may change while the program runs.
#include "reconcile/web1_host.hpp"

#include "support/catch.hpp"

using namespace bgplb;
using namespace bgplb::test;
using namespace std::chrono_literals;
using core::Health;

TEST_CASE("Reconciler.AChangedPolicyTakesEffectAtOnce") {
  Host host;
  host.makeReady();
  for (int failure = 0; failure < 3; ++failure) {
    host.touch(core::containerHealth(host.facts(), kCtr1, Health::Unhealthy, host.now));
    host.touch(core::containerHealth(host.facts(), kCtr1, Health::Healthy, host.now));
  }
  CHECK_FALSE(host.announced());  // held down
  auto policy = kPolicy;
  policy.flap.holdDown = 0s;
  host.reconciler.setPolicy(policy);
  host.step();
  CHECK(host.announced());
  policy.flap = {.riseTime = 5s, .holdDown = 0s};
  host.reconciler.setPolicy(policy);
  host.step();
  CHECK_FALSE(host.announced());
  host.later(5s);
  CHECK(host.announced());
}
