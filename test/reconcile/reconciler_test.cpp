#include "reconcile/web1_host.hpp"

#include "support/catch.hpp"

using namespace bgplb;
using namespace bgplb::test;
using namespace std::chrono_literals;
using core::Health;
using core::LinkState;

TEST_CASE("Reconciler.CreatesKernelObjectsAndAnnounces_WhenTheBackendIsHealthy") {
  Host host;
  host.create();
  CHECK(host.kernel.observe(host.bridge).bridge);
  CHECK(host.firewall.calls == std::vector<bool>{true});
  host.join(kEp1, "02:00:00:00:00:01");
  host.report(kCtr1, kEp1, Health::Starting);
  CHECK_FALSE(host.announced());
  CHECK_FALSE(host.routed());
  CHECK(host.kernel.observe(host.bridge).neighbors.size() == 2);  // only the route is missing

  host.touch(core::containerHealth(host.facts(), kCtr1, Health::Healthy, host.now));
  CHECK(host.routing.wanted == std::set<Prefix>{host.vip4, host.vip6});
  const auto there = host.kernel.observe(host.bridge);
  CHECK(there.routes == std::set<Prefix>{host.vip4, host.vip6});
  for (const Family family : {Family::V4, Family::V6}) {
    const Address via = core::nextHop(family, 1);
    CHECK(there.neighbors.at(via) == mac("02:00:00:00:00:01"));
    CHECK(there.groups.at(family) == std::set<Address>{via});
  }
  CHECK(there.veths == std::set<std::string>{core::vethHostName(kEp1)});
}

TEST_CASE("Reconciler.ASecondPassChangesNothing") {
  Host host;
  host.makeReady();
  host.kernel.log.clear();
  host.reconciler.touchAll(host.now);
  host.step();
  CHECK(host.kernel.log.empty());
}

TEST_CASE("Reconciler.ABackendWithoutAHealthCheckIsReadyOnceInspected") {
  Host host;
  host.create();
  host.join(kEp1, "02:00:00:00:00:01");
  CHECK_FALSE(host.announced());
  host.report(kCtr1, kEp1, Health::None);
  CHECK(host.announced());
}

TEST_CASE("Reconciler.RemovesTheRouteAfterConfirmationAndGrace_WhenUnhealthy") {
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

TEST_CASE("Reconciler.RemovesTheRouteWithTheConfirmation_WhenTheContainerDied") {
  Host host;
  host.makeReady();
  host.touch(core::containerDied(host.facts(), kCtr1, host.now));
  CHECK_FALSE(host.announced());
  CHECK(host.routed());
  host.confirm();
  CHECK_FALSE(host.routed());
}

TEST_CASE("Reconciler.AStopSignalWithdrawsAtOnce_UntilTheStopTimeout") {
  Host host;
  host.makeReady();
  const int signal = GENERATE(9, 15);
  host.signal(kCtr1, signal);
  CHECK_FALSE(host.announced());
  host.confirm();
  host.later(9s);
  CHECK_FALSE(host.announced());
  host.later(1s);  // Config.StopTimeout
  CHECK(host.announced());
  CHECK(host.routed());
}

TEST_CASE("Reconciler.TheBandwidthIsTheSumOfTheReadyBackendsWeights") {
  Host host;
  host.create();
  host.touch(core::networkCreated(host.facts(), kWeb1, host.vip4, host.vip6, {.weight = 5}));
  host.join(kEp1, "02:00:00:00:00:01");
  host.join(kEp2, "02:00:00:00:00:02");
  host.report(kCtr1, kEp1, Health::Healthy);
  using Bandwidths = std::map<Prefix, std::uint64_t>;
  CHECK(host.routing.bandwidths == Bandwidths{{host.vip4, 5}, {host.vip6, 5}});
  host.report(kCtr2, kEp2, Health::Healthy);
  CHECK(host.routing.bandwidths == Bandwidths{{host.vip4, 10}, {host.vip6, 10}});

  host.touch(core::containerHealth(host.facts(), kCtr1, Health::Unhealthy, host.now));
  CHECK(host.routing.bandwidths == Bandwidths{{host.vip4, 5}, {host.vip6, 5}});
  CHECK(host.routing.unconfirmed.empty());  // the change withdrew nothing
  host.touch(core::containerHealth(host.facts(), kCtr2, Health::Unhealthy, host.now));
  CHECK_FALSE(host.announced());
}

TEST_CASE("Reconciler.WithoutAWeightThereIsNoBandwidth") {
  Host host;
  host.makeReady();
  CHECK(host.announced());
  CHECK(host.routing.bandwidths.empty());
}

TEST_CASE("Reconciler.OtherSignalsChangeNothing") {
  Host host;
  host.makeReady();
  host.signal(kCtr1, 1);
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

TEST_CASE("Reconciler.ADrainWithdraws_SendsSigtermOnce_AndLastsUntilTheEnd") {
  Host host;
  host.makeReady();
  host.signal(kCtr1, kSigUsr2);
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

TEST_CASE("Reconciler.SigtermIsRepeated_UntilDockerdDeliversIt") {
  Host host;
  host.makeReady();
  host.engine.answers = false;
  host.signal(kCtr1, kSigUsr2);
  host.later(5s);
  host.later(1s);
  CHECK(host.engine.terminated.size() == 2);
  host.engine.answers = true;
  host.later(1s);
  host.later(10s);
  CHECK(host.engine.terminated.size() == 3);
}

TEST_CASE("Reconciler.ADrainWithoutStopLastsUntilTheNextStart") {
  Host host;
  host.makeReady();
  auto policy = kPolicy;
  policy.terminateDrained = false;
  host.reconciler.setPolicy(policy);
  host.signal(kCtr1, kSigUsr2);
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

TEST_CASE("Reconciler.TheVipStaysAnnounced_WhenOneOfTwoBackendsLeaves") {
  Host host;
  host.makeReady();
  host.join(kEp2, "02:00:00:00:00:02");
  host.report(kCtr2, kEp2, Health::Healthy);
  const auto members = [&host] { return host.kernel.observe(host.bridge).groups.at(Family::V4); };
  const Address first = core::nextHop(Family::V4, 1);
  const Address second = core::nextHop(Family::V4, 2);
  CHECK(members() == std::set<Address>{first, second});

  host.touch(core::containerHealth(host.facts(), kCtr1, Health::Unhealthy, host.now));
  CHECK(host.announced());
  CHECK(host.routing.unconfirmed.empty());
  CHECK(members() == std::set<Address>{second});
  CHECK(host.kernel.observe(host.bridge).pinned.contains({host.vip4, first}));  // its connections
  host.touch(core::endpointLink(host.facts(), kEp1, LinkState::Left));
  host.reconciler.removeEndpoint(kEp1);
  host.step();
  CHECK(host.announced());
  const auto there = host.kernel.observe(host.bridge);
  CHECK(there.veths == std::set<std::string>{core::vethHostName(kEp2)});
  CHECK(there.neighbors.at(second) == mac("02:00:00:00:00:02"));
  CHECK_FALSE(there.neighbors.contains(first));
  CHECK_FALSE(there.pinned.contains({host.vip4, first}));
}

TEST_CASE("Reconciler.WaitsForALinkThatIsNotUp_WithoutAnError") {
  Host host;
  host.kernel.carrier = false;
  host.makeReady();
  CHECK_FALSE(host.announced());
  CHECK(host.reconciler.problem(kWeb1, host.vip4).empty());
  host.kernel.carrier = true;
  SECTION("the kernel notifies") {
    host.reconciler.touchBridge(host.bridge);
    host.step();
  }
  SECTION("polled after 200 ms") { host.later(200ms); }
  CHECK(host.announced());
  CHECK(host.routed());
}

TEST_CASE("Reconciler.NothingIsWithdrawn_BeforeTheFirstLists") {
  Host host;
  host.routing.wanted.insert(host.vip4);  // announced by a previous controller
  host.touch(core::networkCreated(host.facts(), kWeb1, host.vip4, std::nullopt));
  CHECK(host.announced());
  host.facts().listed = true;
  host.reconciler.touchAll(host.now);
  host.step();
  CHECK_FALSE(host.announced());
}

TEST_CASE("Reconciler.ABackendWithoutItsVethIsNotReady") {
  Host host;
  host.makeReady();
  host.kernel.networks[host.bridge].veths.clear();
  host.kernel.existing.clear();
  host.reconciler.touchBridge(host.bridge);
  host.step();
  CHECK_FALSE(host.announced());
}

TEST_CASE("Reconciler.RestoresObjectsThatAnotherProgramRemoved") {
  Host host;
  host.makeReady();
  host.kernel.networks[host.bridge] = {};  // removes the bridge and its objects, not the veth pair
  host.reconciler.touchBridge(host.bridge);
  host.step();
  const auto there = host.kernel.observe(host.bridge);
  CHECK(there.bridge);
  CHECK(there.routes.size() == 2);
  CHECK(there.veths.size() == 1);
  CHECK(host.announced());
}

TEST_CASE("Reconciler.ANewNetworkKeepsTheVipOfARemovedOneAnnounced") {
  Host host;
  host.makeReady();
  host.touch(core::networkDeleted(host.facts(), kWeb1));
  host.touch(core::networkCreated(host.facts(), kWeb2, host.vip4, host.vip6));
  host.touch(core::endpointCreated(host.facts(), kWeb2, kEp2, host.vip4.address(),
                                   host.vip6.address(), mac("02:00:00:00:00:02")));
  host.touch(core::endpointLink(host.facts(), kEp2, LinkState::Joining));
  host.touch(core::endpointLink(host.facts(), kEp2, LinkState::Joined));
  const auto report = test::report(kCtr2, kWeb2, kEp2, Health::Healthy);
  const bool confirmedBefore = GENERATE(true, false);
  if (confirmedBefore) host.confirm();
  host.touch(core::containerReported(host.facts(), report, host.now));
  CHECK(host.announced());
  host.confirm();
  CHECK(host.announced());
  host.touch({kWeb1});
  CHECK(host.announced());
  CHECK(host.kernel.observe(core::bridgeName(kWeb2)).routes.size() == 2);
  CHECK_FALSE(host.kernel.observe(host.bridge).bridge);

  host.touch(core::containerHealth(host.facts(), kCtr2, Health::Unhealthy, host.now));
  CHECK_FALSE(host.announced());
}

TEST_CASE("Reconciler.DoesNotAnnounceWithoutAHostRoute_AndRetries") {
  Host host;
  host.create();
  host.join(kEp1, "02:00:00:00:00:01");
  host.kernel.failures = 100;
  host.report(kCtr1, kEp1, Health::Healthy);
  CHECK_FALSE(host.announced());
  CHECK_FALSE(host.reconciler.problem(kWeb1, host.vip4).empty());
  host.kernel.failures = 0;
  host.later(1s);
  CHECK(host.announced());
  CHECK(host.reconciler.problem(kWeb1, host.vip4).empty());
}

TEST_CASE("Reconciler.Converges_AfterAnyFailedCall") {
  for (int failing = 1; failing < 12; ++failing) {
    Host host;
    host.kernel.failures = failing;
    host.makeReady();
    for (int i = 0; i < 20; ++i) host.later(60s);
    // Join fails if the pair could not be created. The user then starts the container again.
    host.touch(core::endpointLink(host.facts(), kEp1, LinkState::Joining));
    host.touch(core::endpointLink(host.facts(), kEp1, LinkState::Joined));
    CAPTURE(failing);
    CHECK(host.announced());
    CHECK(host.kernel.observe(host.bridge).routes.size() == 2);
  }
}

TEST_CASE("Reconciler.RemovesAllObjectsOfADeletedNetwork_AfterTheWithdrawal") {
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

TEST_CASE("Reconciler.KeepsNextHops_WhileTheirGroupCannotBeChanged") {
  Host host;
  host.makeReady();
  host.join(kEp2, "02:00:00:00:00:02");
  host.report(kCtr2, kEp2, Health::Healthy);
  // The first backend's link is lost, and the kernel refuses the group without it.
  host.kernel.existing.erase(core::vethHostName(kEp1));
  host.kernel.networks[host.bridge].veths.erase(core::vethHostName(kEp1));
  host.kernel.failures = 1;
  host.reconciler.touchBridge(host.bridge);
  host.step();
  CHECK(host.kernel.observe(host.bridge).nextHops.contains(core::nextHop(Family::V4, 1)));
  host.later(1s);
  CHECK_FALSE(host.kernel.observe(host.bridge).nextHops.contains(core::nextHop(Family::V4, 1)));
  CHECK(host.announced());
}
