// Which backend keeps its UDP flows. TCP connections follow the pinned routes, which stay.
#include "reconcile/web1_host.hpp"

#include "core/udp_flows.hpp"
#include "support/catch.hpp"

#include <algorithm>

using namespace bgplb;
using namespace bgplb::test;
using namespace std::chrono_literals;
using core::Health;
using core::LinkState;
using core::PinnedRoute;

namespace {

constexpr int kSigTerm = 15;

// Two ready backends with the slots 1 and 2.
struct TwoBackends : Host {
  TwoBackends() {
    makeReady();
    join(kEp2, "02:00:00:00:00:02");
    report(kCtr2, kEp2, Health::Healthy);
  }
  std::set<PinnedRoute> routesOf(core::Slot slot) const {
    return {{vip4, core::nextHop(Family::V4, slot)}, {vip6, core::nextHop(Family::V6, slot)}};
  }
  std::set<PinnedRoute> released() const { return kernel.observe(bridge).released; }
  bool leave(core::Slot slot) const { return released() == routesOf(slot); }
  bool stay() const { return released().empty(); }
  // Every backend keeps its TCP connections.
  bool isPinned() const {
    auto both = routesOf(1);
    both.merge(routesOf(2));
    return kernel.observe(bridge).pinned == both;
  }
  void becomes(Health health) { touch(core::containerHealth(facts(), kCtr1, health, now)); }
  void pause(bool paused) { touch(core::containerPaused(facts(), kCtr1, paused, now)); }
};

}  // namespace

TEST_CASE("UdpFlows.LeaveABackendThatMayNotAnswer_AndReturnWhenItIsReady") {
  TwoBackends host;
  CHECK(host.stay());
  SECTION("unhealthy") {
    host.becomes(Health::Unhealthy);
    CHECK(host.leave(1));
    CHECK(host.isPinned());
    host.becomes(Health::Healthy);
  }
  SECTION("paused") {
    host.pause(true);
    CHECK(host.leave(1));
    CHECK(host.isPinned());
    host.pause(false);
  }
  SECTION("its interface is down") {
    host.touch(core::endpointCarrier(host.facts(), kEp1, false, host.now));
    CHECK(host.leave(1));
    host.touch(core::endpointCarrier(host.facts(), kEp1, true, host.now));
  }
  SECTION("no route for replies of one family") {
    auto report = test::report(kCtr1, kWeb1, kEp1, Health::Healthy);
    report.ipv6Disabled = true;
    host.touch(core::containerReported(host.facts(), report, host.now));
    CHECK(host.released() == std::set<PinnedRoute>{{host.vip6, core::nextHop(Family::V6, 1)}});
    report.ipv6Disabled = false;
    host.touch(core::containerReported(host.facts(), report, host.now));
  }
  CHECK(host.stay());
  CHECK(host.isPinned());
}

TEST_CASE("UdpFlows.StayDuringADrain_AndLeaveWithTheFinalSignal") {
  TwoBackends host;
  if (GENERATE(false, true)) {  // SIGUSR2_ACTION=none
    auto policy = kPolicy;
    policy.terminateDrained = false;
    host.reconciler.setPolicy(policy);
  }
  host.signal(kCtr1, kSigUsr2);
  CHECK(host.stay());
  SECTION("the drain delay passes") {
    host.later(4900ms);
    CHECK(host.stay());
    CHECK(host.reconciler.step(host.now) == host.now + 100ms);
    host.later(100ms);
  }
  SECTION("it becomes unhealthy") { host.becomes(Health::Unhealthy); }
  SECTION("it is paused") { host.pause(true); }
  SECTION("it ends") { host.touch(core::containerDied(host.facts(), kCtr1, host.now)); }
  CHECK(host.leave(1));
  CHECK(host.isPinned());
}

TEST_CASE("UdpFlows.OfAStoppingBackend_LeaveAfterTheDrainDelay") {
  TwoBackends host;
  auto report = test::report(kCtr1, kWeb1, kEp1, Health::Healthy);
  report.stopTimeout = std::chrono::seconds(GENERATE(2, 10, 3600));
  host.touch(core::containerReported(host.facts(), report, host.now));
  host.signal(kCtr1, kSigTerm);
  CHECK(host.stay());
  host.later(1900ms);
  CHECK(host.stay());
  host.later(3100ms);
  // After its stop timeout, a container that still runs is ready again.
  CHECK(host.stay() == (report.stopTimeout < 5s));
  CHECK(host.leave(1) == (report.stopTimeout > 5s));
}

TEST_CASE("UdpFlows.DoNotReachANewBackendThatIsNotReady") {
  Host host;
  host.makeReady();
  host.join(kEp2, "02:00:00:00:00:02");  // connection marks may contain its slot
  host.report(kCtr2, kEp2, Health::Starting);
  const PinnedRoute route{host.vip4, core::nextHop(Family::V4, 2)};
  CHECK(host.kernel.observe(host.bridge).released.contains(route));
  const auto& log = host.kernel.log;
  const auto at = [&log](const core::Action& action) {
    return std::find(log.begin(), log.end(), core::toText(action)) - log.begin();
  };
  CHECK(at(core::UdpRouteReplace{route, host.bridge}) <
        at(core::PinnedRouteReplace{route, host.bridge}));
  host.report(kCtr2, kEp2, Health::Healthy);
  CHECK(host.kernel.observe(host.bridge).released.empty());
}

TEST_CASE("UdpFlows.NothingChangesWithoutAnotherReadyBackend") {
  SECTION("one backend") {
    Host host;
    host.makeReady();
    host.kernel.log.clear();
    host.touch(core::containerHealth(host.facts(), kCtr1, Health::Unhealthy, host.now));
    CHECK(host.kernel.log.empty());
  }
  SECTION("the second one fails as well: no request to the kernel delays the withdrawal") {
    TwoBackends host;
    host.becomes(Health::Unhealthy);
    host.kernel.log.clear();
    host.touch(core::containerHealth(host.facts(), kCtr2, Health::Unhealthy, host.now));
    CHECK_FALSE(host.announced());
    CHECK(host.kernel.log.empty());
    CHECK(host.leave(1));
    host.confirm();
    host.later(1s);
    host.becomes(Health::Healthy);
    CHECK(host.announced());
    CHECK(host.leave(2));
  }
}

TEST_CASE("UdpFlows.AreRestoredAfterAForeignDeletion") {
  TwoBackends host;
  host.becomes(Health::Unhealthy);
  host.kernel.networks[host.bridge].released.clear();
  host.reconciler.touchBridge(host.bridge);
  host.step();
  CHECK(host.leave(1));
}

TEST_CASE("UdpFlows.StayWhereTheyAre_UntilDockerdHasReportedTheContainer") {
  TwoBackends host;
  host.signal(kCtr1, kSigUsr2);
  const bool left = GENERATE(false, true);
  if (left) host.later(5s);
  // A new controller, in the middle of the drain.
  reconcile::Reconciler next{host.kernel, host.kernel, host.routing, host.firewall,
                             host.engine, host.store,  kPolicy};
  next.resumeDrains({{kCtr1, {{.terminateAt = host.now + 1s}, "2026-11-22T20:00:00Z"}}});
  const auto step = [&] {
    while (next.step(host.now) == core::TimePoint::min()) {
    }
  };
  auto& facts = next.facts();
  core::NetworkReport network{.id = kWeb1, .name = "web1", .driver = "bgplb"};
  network.subnets = {host.vip4, host.vip6};
  auto drained = report(kCtr1, kWeb1, kEp1, Health::Healthy);
  drained.attachments.front().mac = mac("02:00:00:00:00:01");
  auto other = report(kCtr2, kWeb1, kEp2, Health::Healthy);
  other.attachments.front().mac = mac("02:00:00:00:00:02");
  host.kernel.log.clear();
  step();
  CHECK(host.stay() != left);
  listNetworks(facts, {network}, {kWeb1});
  listContainers(facts, {listed(drained), listed(other)}, host.now);
  next.touch(core::containerReported(facts, other, host.now));
  next.touchAll(host.now);
  step();
  CHECK(host.stay() != left);
  next.touch(core::containerReported(facts, drained, host.now));
  step();
  CHECK(host.stay());
  host.now += 1s;
  step();
  CHECK(host.leave(1));
}

TEST_CASE("UdpFlows.StayWhileAServerInTheBackendsNamespaceDrains") {
  TwoBackends host;
  core::ContainerReport app;
  app.id = ContainerId("a100000000000000");
  app.run = core::RunState::Running;
  app.health = Health::Healthy;
  app.server = true;
  app.startedAt = "2026-11-22T20:00:01Z";
  app.namespaceOf = kCtr1.value;
  host.touch(core::containerReported(host.facts(), app, host.now));
  host.signal(app.id, kSigUsr2);
  CHECK(host.stay());
  host.later(4900ms);
  CHECK(host.stay());
  host.later(100ms);
  CHECK(host.leave(1));
}
