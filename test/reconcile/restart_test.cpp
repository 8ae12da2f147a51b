// A restarted controller: calls and events before the first lists from dockerd.
#include "core/network_options.hpp"
#include "reconcile/web1_host.hpp"

#include "support/catch.hpp"

using namespace bgplb;
using namespace bgplb::test;
using namespace std::chrono_literals;
using core::Health;
using core::LinkState;

namespace {

// The state that a previous controller left: web1 with one backend, announced.
struct Former {
  FakeKernel kernel;
  FakeRouting routing;
  FakeFirewall firewall;
  FakeEngine engine;
  FakeStore store;
  core::TimePoint now = core::TimePoint{} + 100h;
  const std::string bridge = core::bridgeName(kWeb1);
  const Prefix vip = net("10.0.0.101/32");
  reconcile::Reconciler reconciler = next();

  Former() {
    auto& there = kernel.networks[bridge];
    there.bridge = true;
    there.mtu = 9000;
    there.veths = {core::vethHostName(kEp1)};
    there.isolated = {{core::vethHostName(kEp1), mac("02:00:00:00:00:01")}};
    const Address via = core::nextHop(Family::V4, 1);
    there.neighbors[via] = mac("02:00:00:00:00:01");
    there.nextHops = {via};
    there.groups[Family::V4] = {via};
    there.routes = {vip};
    there.pinned = {{vip, via}};
    kernel.existing = there.veths;
    routing.unconfirmed = {vip};  // until this controller's set is complete
  }
  reconcile::Reconciler next() {
    return {kernel, kernel, routing, firewall, engine, store, kPolicy};
  }
  core::Facts& facts() { return reconciler.facts(); }
  void step() {
    while (reconciler.step(now) == core::TimePoint::min()) {
    }
  }
  void list(const std::string& startedAt) {
    core::NetworkReport network{.id = kWeb1, .name = "web1", .driver = "bgplb"};
    network.subnets = {vip};
    network.options[core::kMtuOption] = "9000";
    listNetworks(facts(), {network}, {kWeb1});
    listContainers(facts(), {listed(report(startedAt))}, now);
    inspect(startedAt);
    reconciler.touchAll(now);
    step();
  }
  core::ContainerReport report(const std::string& startedAt) const {
    auto report = test::report(kCtr1, kWeb1, kEp1, Health::Healthy);
    report.startedAt = startedAt;
    report.attachments.front().mac = mac("02:00:00:00:00:01");
    return report;
  }
  void inspect(const std::string& startedAt) {
    core::containerReported(facts(), report(startedAt), now);
  }
  void signal(int number) {
    reconciler.touch(core::containerSignalled(facts(), kCtr1, number, kPolicy, now));
  }
};

}  // namespace

TEST_CASE("Restart.ACallForAnUnknownNetworkRemovesNothing") {
  Former host;
  const auto before = host.kernel.observe(host.bridge);
  SECTION("Leave") { CHECK(host.reconciler.settle(kWeb1, host.now).has_value()); }
  SECTION("CreateEndpoint without an address") {
    host.reconciler.touch(
        core::endpointCreated(host.facts(), kWeb1, kEp2, std::nullopt, std::nullopt, std::nullopt));
    host.step();
  }
  CHECK(host.kernel.observe(host.bridge) == before);
  CHECK(host.kernel.log.empty());
  host.list("run 1");
  CHECK(host.kernel.observe(host.bridge) == before);
  CHECK(host.routing.wanted == std::set<Prefix>{host.vip});
}

TEST_CASE("Restart.PortsOfAnEarlierVersionAreIsolated_AndNothingElseChanges") {
  Former host;
  const auto before = host.kernel.observe(host.bridge);
  host.kernel.networks[host.bridge].isolated.clear();
  host.list("run 1");
  CHECK(host.kernel.observe(host.bridge) == before);
  CHECK(host.kernel.log.size() == 1);
}

TEST_CASE("Restart.TheEndOfTheLastBackendOfABridgeWithdraws_BeforeTheLists") {
  Former host;
  host.step();
  const bool second = GENERATE(false, true);
  auto& there = host.kernel.networks[host.bridge];
  if (second) {
    there.veths.insert(core::vethHostName(kEp2));
    host.kernel.existing.insert(core::vethHostName(kEp2));
  }
  SECTION("Leave") {
    host.reconciler.touch(core::endpointLeft(host.facts(), kWeb1, kEp1));
    REQUIRE(host.reconciler.settle(kWeb1, host.now));
    CHECK(host.kernel.observe(host.bridge).routes.contains(host.vip));  // not confirmed yet
  }
  SECTION("its veth pair was removed, and the kernel has removed the route") {
    there.veths.erase(core::vethHostName(kEp1));
    if (!second) {
      there.nextHops.clear();
      there.removeGroup(Family::V4);
    }
    host.reconciler.touchBridge(host.bridge);
    host.step();
  }
  CHECK(host.routing.withdrawn.contains(host.vip) == !second);
}

TEST_CASE("Restart.ANetworkDeletedBeforeTheListsIsRemovedAfterTheWithdrawal") {
  Former host;
  host.reconciler.touch(core::networkDeleted(host.facts(), kWeb1));
  host.step();
  CHECK(host.kernel.observe(host.bridge).routes.size() == 1);
  host.routing.confirm();
  host.reconciler.touchUnconfirmed();
  host.step();
  CHECK(host.kernel.networks.empty());
}

TEST_CASE("Restart.EventsOfUnknownContainersTakeEffect") {
  Former host;
  SECTION("SIGUSR2") { host.signal(kSigUsr2); }
  SECTION("kill") { host.signal(9); }
  host.step();
  host.list("run 1");
  CHECK(host.routing.wanted.empty());
}

TEST_CASE("Restart.AReplyOlderThanAnEventIsIgnored_EvenForAnUnknownContainer") {
  core::Facts facts;
  core::networkCreated(facts, kWeb1, net("10.0.0.101/32"), std::nullopt);
  const auto requested = facts.revision;
  core::containerPaused(facts, kCtr1, true, {});
  CHECK(facts.containers.at(kCtr1).changedIn > requested);
  core::containersListed(facts, {}, requested, {});
  CHECK(facts.containers.at(kCtr1).run == core::RunState::Paused);

  // Containers that are unknown after the lists are on no VIP network.
  core::containerPaused(facts, kCtr2, true, {});
  CHECK_FALSE(core::containerAttachmentsChanged(facts, kCtr2, kWeb2, true));
  CHECK(facts.containers.count(kCtr2) == 0);
}

TEST_CASE("Restart.ADrainBetweenAStartAndTheFirstReplyLasts") {
  Former host;
  host.list("run 1");
  host.reconciler.touch(core::containerDied(host.facts(), kCtr1, host.now));
  host.reconciler.touch(core::containerStarted(host.facts(), kCtr1, host.now));
  host.signal(kSigUsr2);
  host.step();
  host.inspect("run 2");
  host.reconciler.touch({kWeb1});
  host.step();
  CHECK(host.routing.wanted.empty());
  host.now += reconcile::Drainer::kSaveAfter;
  host.step();
  CHECK(host.store.drains.at(kCtr1).startedAt == "run 2");
}

TEST_CASE("Restart.APreviousControllersDrainLasts") {
  Former host;
  core::FormerDrain former{{.terminateAt = host.now + 1s}, "run 1"};
  host.reconciler.resumeDrains({{kCtr1, former}});
  SECTION("a reply before the networks are known") { host.inspect("run 1"); }
  SECTION("a second SIGUSR2") {
    host.signal(kSigUsr2);
    host.step();
    CHECK(host.store.drains.at(kCtr1).startedAt == "run 1");
  }
  host.list("run 1");
  CHECK(host.routing.wanted.empty());
}

TEST_CASE("Restart.ADrainEndsWhenItsContainerIsReportedOnNoVipNetwork") {
  Former host;
  host.list("run 1");
  host.signal(kSigUsr2);
  host.step();
  auto report = host.report("run 1");
  report.attachments.clear();
  core::containerReported(host.facts(), report, host.now);
  host.now += 10s;
  host.step();
  CHECK(host.engine.terminated.empty());
  CHECK(host.store.drains.empty());
  host.inspect("run 1");  // connected again
  host.reconciler.touch({kWeb1});
  host.step();
  CHECK(host.routing.wanted == std::set<Prefix>{host.vip});
}

TEST_CASE("Restart.ABridgeStaysUntilAllItsPortsAreRemoved") {
  Former host;
  host.routing.unconfirmed.clear();
  auto& there = host.kernel.networks[host.bridge];
  there = {.bridge = there.bridge, .mtu = there.mtu, .veths = there.veths};
  host.kernel.failures = 1;
  host.reconciler.touch(core::networkDeleted(host.facts(), kWeb1));
  host.step();
  CHECK(host.kernel.observe(host.bridge).bridge);
  CHECK(host.kernel.existing.size() == 1);
  host.now += 1s;
  host.step();
  CHECK(host.kernel.networks.empty());
  CHECK(host.kernel.existing.empty());
}

TEST_CASE("Restart.ACallBeforeTheListsRemovesNothing") {
  Host host;
  host.makeReady();
  const auto before = host.kernel.observe(host.bridge);
  host.kernel.log.clear();

  reconcile::Reconciler next{host.kernel, host.kernel, host.routing, host.firewall,
                             host.engine, host.store,  kPolicy};
  next.touch(core::networkCreated(next.facts(), kWeb1, host.vip4, host.vip6));
  core::endpointCreated(next.facts(), kWeb1, kEp2, std::nullopt, std::nullopt, std::nullopt);
  core::endpointLink(next.facts(), kEp2, LinkState::Left);
  REQUIRE(next.settle(kWeb1, host.now).has_value());
  CHECK(host.announced());
  CHECK(host.kernel.observe(host.bridge) == before);
  CHECK(host.kernel.log.empty());
}

TEST_CASE("Restart.ADrainSurvivesARestartOfThisProgram") {
  Host before;
  before.makeReady();
  before.signal(kCtr1, kSigUsr2);
  before.confirm();
  REQUIRE(before.store.drains.size() == 1);

  Host after;
  after.reconciler.resumeDrains(before.store.drains);
  after.touch(core::networkCreated(after.facts(), kWeb1, after.vip4, after.vip6));
  after.join(kEp1, "02:00:00:00:00:01");
  after.step();
  const bool sameRun = GENERATE(true, false);
  auto report = test::report(kCtr1, kWeb1, kEp1, Health::Healthy);
  if (!sameRun) report.startedAt = "2026-11-22T22:00:00Z";
  core::containerReported(after.facts(), report, after.now);
  after.touch(listContainers(after.facts(), {listed(report)}, after.now));
  after.touch({kWeb1});
  CHECK(after.announced() == !sameRun);
  after.later(5s);
  CHECK(after.engine.terminated.size() == (sameRun ? 1 : 0));
  after.touch(core::containerDied(after.facts(), kCtr1, after.now));
  after.step();
  CHECK(after.store.drains.empty());
}
