#include "core/fold.hpp"
#include "core/readiness.hpp"
#include "support/build.hpp"
#include "support/catch.hpp"

using namespace bgplb;
using namespace bgplb::test;
using namespace std::chrono_literals;
using core::Health;
using core::Readiness;

namespace {

// One running container with a health check that has not passed yet.
struct Backend {
  core::Facts facts;
  core::Policy policy;
  core::TimePoint now = core::TimePoint{} + 100h;

  explicit Backend(core::FlapPolicy flap = {}) : policy{.flap = flap} {
    facts.listed = true;
    core::networkCreated(facts, kWeb1, net("10.0.0.101/32"), std::nullopt);
    core::endpointCreated(facts, kWeb1, kEp1, ip("10.0.0.101"), std::nullopt, std::nullopt);
    core::endpointLink(facts, kEp1, core::LinkState::Joined);
    report(Health::Starting);
  }
  void report(Health health, const char* startedAt = "1") {
    auto reported = test::report(kCtr1, kWeb1, kEp1, health);
    reported.startedAt = startedAt;
    core::containerReported(facts, reported, now);
  }
  void health(Health health) { core::containerHealth(facts, kCtr1, health, now); }
  void fail() {
    health(Health::Unhealthy);
    now += 1s;
    health(Health::Healthy);
  }
  Readiness state() const { return core::readiness(facts, kEp1, {}, policy, now); }
};

}  // namespace

TEST_CASE("Flapping.TwoFailuresHaveNoEffect_TheThirdCausesAHoldDown") {
  Backend backend;
  backend.health(Health::Healthy);
  CHECK(backend.state() == Readiness::Ready);
  backend.fail();
  backend.fail();
  CHECK(backend.state() == Readiness::Ready);
  backend.fail();
  CHECK(backend.state() == Readiness::HeldDown);
  backend.now += 8999ms;  // fail() has advanced the clock by 1 s
  CHECK(backend.state() == Readiness::HeldDown);
  backend.now += 1ms;
  CHECK(backend.state() == Readiness::Ready);
}

TEST_CASE("Flapping.TheHoldDownDoubles_UpToALimit") {
  Backend backend({.holdDown = 2s});
  backend.health(Health::Healthy);
  for (int failure = 0; failure < 2; ++failure) backend.fail();
  for (const auto hold : {2s, 4s, 8s, 16s, 16s, 16s}) {
    backend.health(Health::Unhealthy);
    const auto failed = backend.now;
    backend.health(Health::Healthy);
    backend.now = failed + hold - 1ms;
    CHECK(backend.state() == Readiness::HeldDown);
    backend.now += 1ms;
    CHECK(backend.state() == Readiness::Ready);
  }
}

TEST_CASE("Flapping.AMinuteWithoutAFailureResetsTheCount") {
  Backend backend;
  backend.health(Health::Healthy);
  backend.fail();
  backend.fail();
  backend.now += 60s;
  backend.fail();
  CHECK(backend.state() == Readiness::Ready);
}

TEST_CASE("Flapping.HoldDownZeroDisablesHoldDown") {
  Backend backend({.holdDown = 0s});
  backend.health(Health::Healthy);
  for (int failure = 0; failure < 10; ++failure) backend.fail();
  CHECK(backend.state() == Readiness::Ready);
}

TEST_CASE("Flapping.CrashesCount_StopsDoNot") {
  Backend backend;
  const bool stopped = GENERATE(true, false);
  for (int run = 0; run < 4; ++run) {
    const std::string startedAt = std::to_string(run + 2);
    core::containerStarted(backend.facts, kCtr1, backend.now);
    backend.report(Health::None, startedAt.c_str());
    if (stopped) core::containerSignalled(backend.facts, kCtr1, 15, backend.policy, backend.now);
    core::containerDied(backend.facts, kCtr1, backend.now);
  }
  core::containerStarted(backend.facts, kCtr1, backend.now);
  backend.report(Health::None, "last");
  CHECK(backend.state() == (stopped ? Readiness::Ready : Readiness::HeldDown));
}

TEST_CASE("Flapping.ALostCarrierCounts") {
  Backend backend;
  backend.health(Health::Healthy);
  const auto carrier = [&](bool present) {
    core::endpointCarrier(backend.facts, kEp1, present, backend.now);
  };
  for (int loss = 0; loss < 3; ++loss) {
    CHECK(backend.state() == Readiness::Ready);
    carrier(false);
    CHECK(backend.state() == (loss < 2 ? Readiness::NoLink : Readiness::HeldDown));
    carrier(false);  // reported again
    backend.now += 1s;
    carrier(true);
  }
  CHECK(backend.state() == Readiness::HeldDown);
  backend.now += 9s;
  CHECK(backend.state() == Readiness::Ready);
}

TEST_CASE("Flapping.ACarrierLostInAStopOrAfterLeaveIsNoFailure") {
  Backend backend;
  backend.health(Health::Healthy);
  const auto loseAndRegain = [&] {
    core::endpointCarrier(backend.facts, kEp1, false, backend.now);
    core::endpointCarrier(backend.facts, kEp1, true, backend.now);
  };
  SECTION("stop signal") {
    core::containerSignalled(backend.facts, kCtr1, 15, backend.policy, backend.now);
  }
  SECTION("Leave") { core::endpointLink(backend.facts, kEp1, core::LinkState::Left); }
  for (int loss = 0; loss < 5; ++loss) loseAndRegain();
  CHECK(backend.facts.containers.at(kCtr1).flapping.failures == 0);
}

// One failure: the interface goes down, then the health check fails for that reason.
TEST_CASE("Flapping.AFailureWithoutACarrierIsNotCountedAgain") {
  Backend backend;
  backend.health(Health::Healthy);
  backend.fail();
  core::endpointCarrier(backend.facts, kEp1, false, backend.now);
  backend.health(Health::Unhealthy);
  CHECK(backend.facts.containers.at(kCtr1).flapping.failures == 2);
  core::endpointCarrier(backend.facts, kEp1, true, backend.now);
  CHECK(backend.state() == Readiness::Unhealthy);
  backend.health(Health::Healthy);
  CHECK(backend.state() == Readiness::Ready);
}

TEST_CASE("Flapping.AUserStopResetsTheCount") {
  Backend backend;
  backend.health(Health::Healthy);
  for (int failure = 0; failure < 3; ++failure) backend.fail();
  CHECK(backend.state() == Readiness::HeldDown);
  core::containerSignalled(backend.facts, kCtr1, 15, backend.policy, backend.now);
  core::containerDied(backend.facts, kCtr1, backend.now);
  core::containerStarted(backend.facts, kCtr1, backend.now);
  backend.report(Health::Healthy, "2");
  CHECK(backend.state() == Readiness::Ready);
}

namespace {

// Runs a new container of a service until it ends, as Swarm, `docker run --rm` and Compose do.
struct Service {
  Backend backend{{.holdDown = 10s}};
  NetworkId network = kWeb1;
  int runs = 0;

  ContainerId start(const char* service = "swarm:web", Health health = Health::None) {
    const ContainerId id("run" + std::to_string(++runs));
    core::containerStarted(backend.facts, id, backend.now);
    auto report = test::report(id, network, kEp1, health);
    report.startedAt = std::to_string(runs);
    report.service = service;
    core::containerReported(backend.facts, report, backend.now);
    return id;
  }
  void crash(const ContainerId& id) {
    backend.now += 2s;
    core::containerDied(backend.facts, id, backend.now);
    core::containerDestroyed(backend.facts, id);
    backend.now += 1s;
  }
  void fullList() {
    core::containersListed(backend.facts, {}, backend.facts.revision, backend.now);
  }
};

}  // namespace

TEST_CASE("Flapping.CrashesOfReplacedContainersCount") {
  Service service;
  const bool listedBetween = GENERATE(false, true);
  for (int run = 0; run < 3; ++run) {
    const auto id = service.start();
    CHECK(service.backend.state() == Readiness::Ready);
    service.crash(id);
    for (int list = 0; listedBetween && list < 3; ++list) service.fullList();
  }
  service.start();
  CHECK(service.backend.state() == Readiness::HeldDown);
  service.backend.now += 10s;
  CHECK(service.backend.state() == Readiness::Ready);
}

TEST_CASE("Flapping.CrashesOfAnotherServiceDoNotCount") {
  Service service;
  for (int run = 0; run < 3; ++run) service.crash(service.start());
  SECTION("another service") { service.start("swarm:other"); }
  SECTION("no service") { service.start(""); }
  SECTION("another network") {
    core::networkCreated(service.backend.facts, kWeb2, net("10.0.0.102/32"), std::nullopt);
    core::endpointCreated(service.backend.facts, kWeb2, kEp1, ip("10.0.0.102"), {}, {});
    service.network = kWeb2;
    service.start();
  }
  CHECK(service.backend.state() == Readiness::Ready);
}

TEST_CASE("Flapping.ReplicasTakeOverOneCrashEach") {
  Service service;
  for (int run = 0; run < 3; ++run) service.crash(service.start());
  service.start();
  CHECK(service.backend.state() == Readiness::HeldDown);
  service.start();  // a second replica, which replaces none
  CHECK(service.backend.state() == Readiness::Ready);
}

// Swarm stops an unhealthy task, as does a program that restarts unhealthy containers.
TEST_CASE("Flapping.AStopOfAnUnhealthyContainerCounts_OfAnotherOneDoesNot") {
  const bool unhealthy = GENERATE(true, false);
  Service service;
  for (int run = 0; run < 3; ++run) {
    const auto id = service.start("swarm:web", Health::Healthy);
    service.backend.now += 1s;
    if (unhealthy) {
      core::containerHealth(service.backend.facts, id, Health::Unhealthy, service.backend.now);
    }
    core::containerSignalled(service.backend.facts, id, 15, service.backend.policy,
                             service.backend.now);
    service.crash(id);
  }
  service.start("swarm:web", Health::Healthy);
  CHECK(service.backend.state() == (unhealthy ? Readiness::HeldDown : Readiness::Ready));
}

TEST_CASE("Flapping.CrashesOfReplacedContainersAreForgottenAfterTenMinutes") {
  Service service;
  for (int run = 0; run < 3; ++run) service.crash(service.start());
  service.backend.now += core::EndedFailures::kKept;
  service.fullList();
  CHECK(service.backend.facts.endedFailures.empty());
}

TEST_CASE("Rising.ReadyAfterRiseTimeWithoutAFailure") {
  Backend backend({.riseTime = 5s});
  backend.health(Health::Healthy);
  CHECK(backend.state() == Readiness::Rising);
  backend.now += 4s;
  backend.health(Health::Unhealthy);
  backend.health(Health::Healthy);
  backend.now += 4999ms;
  CHECK(backend.state() == Readiness::Rising);
  backend.now += 1ms;
  CHECK(backend.state() == Readiness::Ready);
}

TEST_CASE("Rising.ABackendHealthyBeforeOurStartIsReadyAtOnce") {
  Backend backend({.riseTime = 5s});
  backend.facts.containers.clear();
  backend.report(Health::Healthy);
  CHECK(backend.state() == Readiness::Ready);
}

// dockerd may report the first successful health check before it answers the inspection.
TEST_CASE("Rising.CountsFromAHealthyEventBeforeTheInspection") {
  Backend backend({.riseTime = 5s});
  backend.facts.containers.clear();
  core::containersListed(backend.facts,
                         {listed(test::report(kCtr1, kWeb1, kEp1, Health::Starting))},
                         backend.facts.revision, backend.now);
  CHECK(backend.state() == Readiness::NotAsked);
  backend.health(Health::Healthy);
  CHECK(backend.state() == Readiness::Rising);
  backend.now += 4s;
  backend.report(Health::Healthy);
  CHECK(backend.state() == Readiness::Rising);
  backend.now += 1s;
  CHECK(backend.state() == Readiness::Ready);
}
