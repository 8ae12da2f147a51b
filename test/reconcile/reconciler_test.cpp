#include "reconcile/reconciler.hpp"

#include "fakes/fake_world.hpp"
#include "support/build.hpp"
#include "support/catch.hpp"

using namespace bgplb;
using namespace bgplb::test;
using namespace std::chrono_literals;
using core::Health;
using core::LinkState;

namespace {

// A host with the network web1 (10.0.0.101/32, 2001:db8:0:1::101/128) and one joined backend.
struct Host {
  FakeKernel kernel;
  FakeRouting routing;
  FakeFirewall firewall;
  FakeEngine engine;
  FakeStore store;
  reconcile::Reconciler reconciler{kernel, routing, firewall, engine, store, {.drainGrace = 1s}};
  core::TimePoint now = core::TimePoint{} + 100h;
  const std::string bridge = core::bridgeName(kWeb1);
  const Prefix vip4 = net("10.0.0.101/32");
  const Prefix vip6 = net("2001:db8:0:1::101/128");

  core::Facts& facts() { return reconciler.facts(); }
  void step() {
    while (reconciler.step(now) == core::TimePoint::min()) {
    }
  }
  void touch(const core::Touched& networks) {
    reconciler.touch(networks);
    step();
  }
  void later(std::chrono::milliseconds time) {
    now += time;
    step();
  }
  void confirm() {
    routing.confirm();
    reconciler.touchUnconfirmed();
    step();
  }
  void create() {
    facts().engineAsked = true;
    touch(core::networkCreated(facts(), kWeb1, vip4, vip6, 1500));
  }
  void join(const EndpointId& endpoint, const char* address) {
    touch(core::endpointCreated(facts(), kWeb1, endpoint, vip4.address(), vip6.address(),
                                mac(address)));
    touch(core::endpointLink(facts(), endpoint, LinkState::Joining));
    touch(core::endpointLink(facts(), endpoint, LinkState::Joined));
  }
  void report(const ContainerId& container, const EndpointId& endpoint, Health health) {
    touch(core::containerReported(facts(), test::report(container, kWeb1, endpoint, health), now));
  }
  void makeReady() {
    create();
    join(kEp1, "02:00:00:00:00:01");
    report(kCtr1, kEp1, Health::Healthy);
  }
  bool announced() const { return routing.wanted.count(vip4) > 0; }
  bool routed() const { return kernel.observe(bridge).routes.count(vip4) > 0; }
};

}  // namespace

TEST_CASE("Reconciler.PlumbsAndAnnounces_WhenBackendIsHealthy") {
  Host host;
  host.create();
  CHECK(host.kernel.observe(host.bridge).bridge);
  CHECK(host.firewall.calls == std::vector<bool>{true});
  host.join(kEp1, "02:00:00:00:00:01");
  host.report(kCtr1, kEp1, Health::Starting);
  CHECK_FALSE(host.announced());
  CHECK_FALSE(host.routed());
  CHECK(host.kernel.observe(host.bridge).neighbors.size() == 2);  // all but the route

  host.touch(core::containerHealth(host.facts(), kCtr1, Health::Healthy, host.now));
  CHECK(host.routing.wanted == std::set<Prefix>{host.vip4, host.vip6});
  const auto there = host.kernel.observe(host.bridge);
  CHECK(there.routes == std::set<Prefix>{host.vip4, host.vip6});
  CHECK(there.neighbors.at(host.vip4.address()) == mac("02:00:00:00:00:01"));
  CHECK(there.veths == std::set<std::string>{core::vethHostName(kEp1)});
}

TEST_CASE("Reconciler.AppliedPlanLeavesNothingToDo") {
  Host host;
  host.makeReady();
  host.kernel.log.clear();
  host.reconciler.touchAll(host.now);
  host.step();
  CHECK(host.kernel.log.empty());
}

TEST_CASE("Reconciler.NoHealthCheckIsReadyOnceAsked") {
  Host host;
  host.create();
  host.join(kEp1, "02:00:00:00:00:01");
  CHECK_FALSE(host.announced());
  host.report(kCtr1, kEp1, Health::None);
  CHECK(host.announced());
}

TEST_CASE("Reconciler.RouteGoesAfterConfirmationAndGrace_WhenUnhealthy") {
  Host host;
  host.makeReady();
  host.touch(core::containerHealth(host.facts(), kCtr1, Health::Unhealthy, host.now));
  CHECK_FALSE(host.announced());
  CHECK(host.routed());
  host.later(10s);
  CHECK(host.routed());  // not confirmed yet
  host.confirm();
  CHECK(host.routed());
  host.later(999ms);
  CHECK(host.routed());
  host.later(1ms);
  CHECK_FALSE(host.routed());

  host.touch(core::containerHealth(host.facts(), kCtr1, Health::Healthy, host.now));
  CHECK(host.announced());
  CHECK(host.routed());
}

TEST_CASE("Reconciler.RouteGoesWithConfirmation_WhenContainerDied") {
  Host host;
  host.makeReady();
  host.touch(core::containerDied(host.facts(), kCtr1, host.now));
  CHECK_FALSE(host.announced());
  CHECK(host.routed());
  host.confirm();
  CHECK_FALSE(host.routed());
}

TEST_CASE("Reconciler.StopSignalWithdrawsAtOnce_AndIsJudgedAnewAfterTheTimeout") {
  Host host;
  host.makeReady();
  const int signal = GENERATE(9, 15);
  host.touch(core::containerSignalled(host.facts(), kCtr1, signal, host.now));
  CHECK_FALSE(host.announced());
  host.confirm();
  host.later(9s);
  CHECK_FALSE(host.announced());
  host.later(1s);  // Config.StopTimeout
  CHECK(host.announced());
  CHECK(host.routed());
}

TEST_CASE("Reconciler.OtherSignalsChangeNothing") {
  Host host;
  host.makeReady();
  host.touch(core::containerSignalled(host.facts(), kCtr1, 1, host.now));
  CHECK(host.announced());
}

TEST_CASE("Reconciler.PausedIsNotReady") {
  Host host;
  host.makeReady();
  host.touch(core::containerPaused(host.facts(), kCtr1, true, host.now));
  CHECK_FALSE(host.announced());
  host.touch(core::containerPaused(host.facts(), kCtr1, false, host.now));
  CHECK(host.announced());
}

TEST_CASE("Reconciler.DrainWithdraws_SendsSigtermOnce_AndHolds") {
  Host host;
  host.makeReady();
  host.reconciler.beginDrain(kCtr1, {.terminateAt = host.now + 5s});
  host.step();
  CHECK_FALSE(host.announced());
  host.confirm();
  host.later(1s);
  CHECK_FALSE(host.routed());
  CHECK(host.engine.terminated.empty());
  host.later(4s);
  CHECK(host.engine.terminated == std::vector<std::string>{kCtr1.value});
  host.touch(core::containerHealth(host.facts(), kCtr1, Health::Healthy, host.now));
  host.later(60s);
  CHECK_FALSE(host.announced());
  CHECK(host.engine.terminated.size() == 1);

  host.touch(core::containerDied(host.facts(), kCtr1, host.now));
  host.touch(core::containerStarted(host.facts(), kCtr1, host.now));
  CHECK_FALSE(host.announced());
}

TEST_CASE("Reconciler.SigtermIsRepeated_WhileTheEngineDoesNotTakeIt") {
  Host host;
  host.makeReady();
  host.engine.answers = false;
  host.reconciler.beginDrain(kCtr1, {.terminateAt = host.now + 5s});
  host.later(5s);
  host.later(1s);
  CHECK(host.engine.terminated.size() == 2);
  host.engine.answers = true;
  host.later(1s);
  host.later(10s);
  CHECK(host.engine.terminated.size() == 3);
}

TEST_CASE("Reconciler.DrainWithoutStopStaysDrainedUntilItsNextStart") {
  Host host;
  host.makeReady();
  host.reconciler.beginDrain(kCtr1, {.terminateAt = host.now + 5s, .terminate = false});
  host.later(1h);
  CHECK(host.engine.terminated.empty());
  CHECK_FALSE(host.announced());
  host.report(kCtr1, kEp1, Health::Healthy);  // a resync of the same run
  CHECK_FALSE(host.announced());
  auto next = test::report(kCtr1, kWeb1, kEp1, Health::Healthy);
  next.startedAt = "2026-11-22T21:00:00Z";
  host.touch(core::containerReported(host.facts(), next, host.now));
  CHECK(host.announced());
}

TEST_CASE("Reconciler.SecondBackendKeepsTheVip_WhenTheFirstLeaves") {
  Host host;
  host.makeReady();
  host.join(kEp2, "02:00:00:00:00:02");
  host.report(kCtr2, kEp2, Health::Healthy);
  const auto neighbor = [&host] {
    return host.kernel.observe(host.bridge).neighbors.at(host.vip4.address());
  };
  CHECK(neighbor() == mac("02:00:00:00:00:01"));  // an arriving one moves nothing

  host.touch(core::containerHealth(host.facts(), kCtr1, Health::Unhealthy, host.now));
  CHECK(host.announced());
  CHECK(host.routing.unconfirmed.empty());
  CHECK(neighbor() == mac("02:00:00:00:00:02"));
  host.touch(core::endpointLink(host.facts(), kEp1, LinkState::Left));
  host.reconciler.removeEndpoint(kEp1);
  host.step();
  CHECK(host.announced());
  CHECK(host.kernel.observe(host.bridge).veths == std::set<std::string>{core::vethHostName(kEp2)});
}

TEST_CASE("Reconciler.NothingIsWithdrawn_BeforeTheEngineWasAsked") {
  Host host;
  host.routing.wanted.insert(host.vip4);  // a former controller's
  host.touch(core::networkCreated(host.facts(), kWeb1, host.vip4, std::nullopt, 1500));
  CHECK(host.announced());
  host.facts().engineAsked = true;
  host.reconciler.touchAll(host.now);
  host.step();
  CHECK_FALSE(host.announced());
}

TEST_CASE("Reconciler.AfterARestart_ACallBeforeTheListsTakesNothingAway") {
  Host host;
  host.makeReady();
  const auto before = host.kernel.observe(host.bridge);
  host.kernel.log.clear();

  reconcile::Reconciler next{host.kernel, host.routing, host.firewall, host.engine, host.store,
                             {.drainGrace = 1s}};
  next.touch(core::networkCreated(next.facts(), kWeb1, host.vip4, host.vip6, 1500));
  core::endpointCreated(next.facts(), kWeb1, kEp2, std::nullopt, std::nullopt, std::nullopt);
  core::endpointLink(next.facts(), kEp2, LinkState::Left);
  REQUIRE(next.settle(kWeb1, host.now).has_value());
  CHECK(host.announced());
  CHECK(host.kernel.observe(host.bridge) == before);
  CHECK(host.kernel.log.empty());
}

TEST_CASE("Reconciler.LostVethIsNotReady") {
  Host host;
  host.makeReady();
  host.kernel.networks[host.bridge].veths.clear();
  host.kernel.existing.clear();
  host.reconciler.touchBridge(host.bridge);
  host.step();
  CHECK_FALSE(host.announced());
}

TEST_CASE("Reconciler.PutsBackWhatSomebodyTookAway") {
  Host host;
  host.makeReady();
  host.kernel.networks[host.bridge] = {};  // the bridge, and all on it; the veth pair outlives it
  host.reconciler.touchBridge(host.bridge);
  host.step();
  const auto there = host.kernel.observe(host.bridge);
  CHECK(there.bridge);
  CHECK(there.routes.size() == 2);
  CHECK(there.veths.size() == 1);
  CHECK(host.announced());
}

TEST_CASE("Reconciler.NotAnnouncedWithoutHostRoute_AndTriedAgain") {
  Host host;
  host.create();
  host.join(kEp1, "02:00:00:00:00:01");
  host.kernel.failures = 100;
  host.report(kCtr1, kEp1, Health::Healthy);
  CHECK_FALSE(host.announced());
  CHECK_FALSE(host.reconciler.problem(kWeb1).empty());
  host.kernel.failures = 0;
  host.later(1s);
  CHECK(host.announced());
  CHECK(host.reconciler.problem(kWeb1).empty());
}

TEST_CASE("Reconciler.ConvergesWhicheverCallFails") {
  for (int failing = 1; failing < 12; ++failing) {
    Host host;
    host.kernel.failures = failing;
    host.makeReady();
    for (int i = 0; i < 20; ++i) host.later(60s);
    // Join itself fails when the pair could not be made; dockerd then tries again.
    host.touch(core::endpointLink(host.facts(), kEp1, LinkState::Joining));
    host.touch(core::endpointLink(host.facts(), kEp1, LinkState::Joined));
    CAPTURE(failing);
    CHECK(host.announced());
    CHECK(host.kernel.observe(host.bridge).routes.size() == 2);
  }
}

TEST_CASE("Reconciler.DeletedNetworkLeavesNothing_AfterTheWithdrawal") {
  Host host;
  host.makeReady();
  host.touch(core::networkDeleted(host.facts(), kWeb1));
  CHECK_FALSE(host.announced());
  CHECK(host.routed());
  host.confirm();
  CHECK(host.kernel.networks.empty());
  CHECK(host.kernel.existing.empty());
  CHECK(host.firewall.calls == std::vector<bool>{true, false});
}

TEST_CASE("Reconciler.GatewaySubnetsFollowTheLabel") {
  Host host;
  host.create();
  core::NetworkReport gateway{.id = kWeb2, .name = "gw", .driver = "bridge"};
  gateway.subnets = {net("172.23.0.0/24"), net("2001:db8::/64")};
  gateway.labels["bgplb_advertise"] = "true";
  gateway.options["com.docker.network.bridge.name"] = "bgplb_gwbridge";
  core::networkReported(host.facts(), gateway, false);
  host.reconciler.touchBridges();
  host.step();
  CHECK(host.routing.wanted == std::set<Prefix>{net("172.23.0.0/24"), net("2001:db8::/64")});
  CHECK(host.kernel.relaxed == std::set<std::string>{"bgplb_gwbridge"});

  gateway.labels["bgplb_advertise"] = "false";
  core::networkReported(host.facts(), gateway, false);
  host.reconciler.touchBridges();
  host.step();
  CHECK(host.routing.wanted.empty());
}

TEST_CASE("Reconciler.DrainOutlivesThisProgram") {
  Host before;
  before.makeReady();
  before.reconciler.beginDrain(kCtr1, {.terminateAt = before.now + 5s});
  before.step();
  REQUIRE(before.store.drains.size() == 1);

  Host after;
  after.reconciler.resumeDrains(before.store.drains);
  after.touch(
      core::networkCreated(after.facts(), kWeb1, after.vip4, after.vip6, 1500));
  after.join(kEp1, "02:00:00:00:00:01");
  after.step();
  const bool sameRun = GENERATE(true, false);
  auto report = test::report(kCtr1, kWeb1, kEp1, Health::Healthy);
  if (!sameRun) report.startedAt = "2026-11-22T22:00:00Z";
  core::containerReported(after.facts(), report, after.now);
  after.touch(core::containersListed(after.facts(), {kCtr1}, core::eventCounts(after.facts()), after.now));
  after.touch({kWeb1});
  CHECK(after.announced() == !sameRun);
  after.later(5s);
  CHECK(after.engine.terminated.size() == (sameRun ? 1 : 0));
  after.touch(core::containerDied(after.facts(), kCtr1, after.now));
  after.step();
  CHECK(after.store.drains.empty());
}
