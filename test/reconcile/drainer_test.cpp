// When the drainer sends the final signal, and when it saves the drains.
#include "reconcile/web1_host.hpp"

#include "support/catch.hpp"

#include <csignal>

using namespace bgplb;
using namespace bgplb::test;
using namespace std::chrono_literals;
using core::Health;

TEST_CASE("Drainer.SavesTheDrains_WhenTheWithdrawalIsConfirmed") {
  Host host;
  host.makeReady();
  host.signal(kCtr1, kSigUsr2);
  CHECK_FALSE(host.announced());
  CHECK(host.store.saves == 0);
  host.later(500ms);
  CHECK(host.store.saves == 0);
  host.confirm();
  CHECK(host.store.saves == 1);
  CHECK(host.store.drains.count(kCtr1) == 1);
}

TEST_CASE("Drainer.SavesTheDrainsAfterASecond_WithoutAConfirmation") {
  Host host;
  host.makeReady();
  host.signal(kCtr1, kSigUsr2);
  REQUIRE(host.reconciler.step(host.now) == host.now + reconcile::Drainer::kSaveAfter);
  host.later(reconcile::Drainer::kSaveAfter - 1ms);
  CHECK(host.store.saves == 0);
  host.later(1ms);
  CHECK(host.store.saves == 1);
}

TEST_CASE("Drainer.SavesTheDrainsBeforeThisProgramEnds") {
  Host host;
  host.makeReady();
  host.signal(kCtr1, kSigUsr2);
  host.reconciler.saveDrains(host.now);
  CHECK(host.store.drains.count(kCtr1) == 1);
}

TEST_CASE("Drainer.SavesTheDrainsAtOnce_IfNothingIsWithdrawn") {
  Host host;
  host.makeReady();
  host.join(kEp2, "02:00:00:00:00:02");
  host.report(kCtr2, kEp2, Health::Healthy);
  host.signal(kCtr1, kSigUsr2);
  CHECK(host.announced());
  CHECK(host.store.drains.count(kCtr1) == 1);
}

TEST_CASE("Drainer.SendsTheContainersOwnStopSignal") {
  Host host;
  host.makeReady();
  auto report = test::report(kCtr1, kWeb1, kEp1, Health::Healthy);
  report.stopSignal = SIGQUIT;
  host.touch(core::containerReported(host.facts(), report, host.now));
  host.signal(kCtr1, kSigUsr2);
  host.confirm();
  host.later(5s);
  CHECK(host.engine.terminated.size() == 1);
  CHECK(host.engine.lastSignal == SIGQUIT);
}

TEST_CASE("Drainer.AHangingDiskDelaysNeitherWithdrawalNorSigterm") {
  Host host;
  host.makeReady();
  host.store.hangs = true;
  host.signal(kCtr1, kSigUsr2);
  CHECK_FALSE(host.announced());
  host.confirm();
  CHECK(host.store.saves == 1);
  host.later(5s);
  CHECK(host.engine.terminated.size() == 1);
  CHECK_FALSE(host.routed());
  host.join(kEp2, "02:00:00:00:00:02");
  host.report(kCtr2, kEp2, Health::Healthy);
  CHECK(host.announced());
  host.touch(core::containerDied(host.facts(), kCtr2, host.now));
  CHECK_FALSE(host.announced());
  host.store.recover();
  CHECK(host.store.drains.at(kCtr1).drain.terminated);  // the latest state
}

TEST_CASE("Drainer.AFailedWriteIsRetried") {
  Host host;
  host.makeReady();
  host.store.problem = "disk full";
  host.signal(kCtr1, kSigUsr2);
  host.confirm();
  CHECK(host.store.saves == 1);
  host.later(999ms);
  CHECK(host.store.saves == 1);
  host.later(1ms);
  CHECK(host.store.saves == 2);
  host.store.problem.clear();
  host.later(2s);
  CHECK(host.store.drains.count(kCtr1) == 1);
  const int saves = host.store.saves;
  host.later(10s);
  CHECK(host.store.saves == saves + 1);  // SIGTERM was sent
}

TEST_CASE("Drainer.ASentSigtermIsSavedAtOnce") {
  Host host;
  int wakes = 0;
  host.reconciler.onWake([&wakes] { ++wakes; });
  host.makeReady();
  host.signal(kCtr1, kSigUsr2);
  host.confirm();
  host.engine.defers = true;
  host.later(5s);
  REQUIRE(host.engine.pending.size() == 1);
  CHECK_FALSE(host.store.drains.at(kCtr1).drain.terminated);
  CHECK(wakes == 0);
  host.engine.pending.front()({});
  CHECK(wakes == 1);
  host.step();
  CHECK(host.store.drains.at(kCtr1).drain.terminated);
}

TEST_CASE("Drainer.ASentSigtermDoesNotWaitForTheConfirmationOfAWithdrawal") {
  Host host;
  host.makeReady();
  host.signal(kCtr1, kSigUsr2);
  host.later(2s);  // never confirmed
  host.later(3s);
  CHECK(host.store.drains.at(kCtr1).drain.terminated);
}

TEST_CASE("Drainer.SigtermsInFlightAreBounded") {
  Host host;
  host.create();
  host.engine.defers = true;
  for (int i = 0; i < 20; ++i) {
    const ContainerId container("c" + std::to_string(i));
    const EndpointId endpoint("e" + std::to_string(i));
    host.join(endpoint, "02:00:00:00:00:01");
    host.report(container, endpoint, Health::Healthy);
    host.signal(container, kSigUsr2);
  }
  host.later(5s);
  CHECK(host.engine.pending.size() == reconcile::Drainer::kMostInFlight);
  for (std::size_t i = 0; i < 20; ++i) {
    host.engine.pending.at(i)({});
    host.step();
  }
  CHECK(host.engine.terminated.size() == 20);
}

TEST_CASE("Drainer.NoSigtermWithoutAnInspectReplyInThisRunOfTheContainer") {
  Host host;
  host.makeReady();
  host.touch(core::containerDied(host.facts(), kCtr1, host.now));
  host.touch(core::containerStarted(host.facts(), kCtr1, host.now));
  host.signal(kCtr1, kSigUsr2);
  host.later(1min);
  CHECK(host.engine.terminated.empty());
  CHECK(host.store.saves == 0);
  auto next = test::report(kCtr1, kWeb1, kEp1, Health::Healthy);
  next.startedAt = "run 2";
  host.touch(core::containerReported(host.facts(), next, host.now));
  CHECK(host.engine.terminated.size() == 1);
}
