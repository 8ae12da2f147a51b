// Tests of restarts of the controller, of BIRD or of both: the peer keeps the routes that are still
// wanted.
#include "netns/bird_lab.hpp"

using namespace bgplb;
using namespace bgplb::bird;
using namespace bgplb::test::bird_lab;
using namespace std::chrono_literals;
using bgplb::test::runUntil;

TEST_CASE("Bird.ControllerRestarts_NoRouteChanges", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  lab.runController(Lab::model(), {kVip4, kVip6});
  REQUIRE(lab.eventually([&] { return router.has(kVip4) && router.has(kVip6); }));
  const auto before = router.received();
  const auto beforeStatus = lab.status();

  lab.routing.reset();
  test::runReady(lab.io);
  lab.runController(Lab::model(), {kVip4, kVip6});
  REQUIRE(lab.eventually([&] { return lab.established(); }));
  // A prefix of the previous controller counts as announced until the new one has withdrawn it.
  lab.routing->withdraw(kVip6);
  REQUIRE(lab.eventually([&] { return !lab.routing->mayBeAnnounced(kVip6); }));
  REQUIRE(lab.eventually([&] { return !router.has(kVip6); }));
  const auto after = router.received();
  CHECK(after.updates == before.updates);
  CHECK(after.withdrawals == before.withdrawals + 1);
  CHECK(lab.pid() == beforeStatus->pid);
  CHECK(lab.status()->peers[0].since == beforeStatus->peers[0].since);
}

TEST_CASE("Bird.ControllerRestarts_WithdrawsPrefixesNoLongerWanted", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  lab.runController(Lab::model(), {kVip4, kOther4});
  REQUIRE(lab.eventually([&] { return router.has(kVip4) && router.has(kOther4); }));

  lab.routing = nullptr;
  test::runReady(lab.io);
  lab.routing = std::make_unique<BirdRouting>(lab.io, lab.options());
  REQUIRE(lab.routing->setModel(Lab::model()).has_value());
  lab.routing->start();
  REQUIRE(lab.eventually([&] { return lab.established(); }));
  lab.routing->announce(kVip4);
  CHECK(lab.routing->mayBeAnnounced(kOther4));
  CHECK(router.received().withdrawals == 0);

  lab.routing->routesComplete();
  REQUIRE(lab.eventually([&] { return !lab.routing->mayBeAnnounced(kOther4); }));
  REQUIRE(lab.eventually([&] { return !router.has(kOther4); }));
  CHECK(router.has(kVip4));
  CHECK(router.received().updates == 2);
}

TEST_CASE("Bird.KilledAndReplaced_PeerKeepsTheRoutes", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  lab.runController(Lab::model(), {kVip4, kVip6});
  REQUIRE(lab.eventually([&] { return router.has(kVip4) && router.has(kVip6); }));
  REQUIRE(lab.eventually([&] { return io::readFile(lab.run / "bird.sessions").has_value(); }));
  const auto before = lab.pid();

  ::kill(before, SIGKILL);
  bool lost = false;
  const auto back = [&] {
    const auto seen = router.received();
    lost = lost || seen.nextHops.size() != 2;
    const auto now = lab.status();
    return seen.established && now && now->pid != before && now->peers.size() == 1 &&
           now->peers[0].isEstablished() && !now->recovering;
  };
  REQUIRE(lab.eventually(back));
  CHECK_FALSE(lost);
  lab.routing->withdraw(kVip6);
  REQUIRE(lab.eventually([&] { return !router.has(kVip6); }));
  CHECK(router.has(kVip4));
}

TEST_CASE("Bird.KilledAndReplaced_AWithdrawalMeanwhileIsConfirmedLate", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  lab.runController(Lab::model(), {kVip4, kOther4});
  REQUIRE(lab.eventually([&] { return router.has(kVip4) && router.has(kOther4); }));
  REQUIRE(lab.eventually([&] { return io::readFile(lab.run / "bird.sessions").has_value(); }));

  ::kill(lab.pid(), SIGKILL);
  lab.routing->withdraw(kOther4);
  REQUIRE(lab.eventually([&] { return !lab.routing->mayBeAnnounced(kOther4); }));
  // The peer kept the route during the restart and has since received its withdrawal.
  REQUIRE(lab.eventually([&] { return lab.established(); }));
  CHECK_FALSE(router.has(kOther4));
  CHECK(router.has(kVip4));
}

TEST_CASE("Bird.BothKilled_NextRunRecovers", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  lab.runController(Lab::model(), {kVip4});
  REQUIRE(lab.eventually([&] { return router.has(kVip4); }));
  REQUIRE(lab.eventually([&] { return io::readFile(lab.run / "bird.sessions").has_value(); }));
  const auto before = lab.pid();
  lab.routing.reset();
  endProcess(before);
  test::runReady(lab.io);

  // The new controller does not know its routes yet. Its BIRD must not start before, because it
  // would send End-of-RIB and the peer would flush the stale routes.
  lab.routing = std::make_unique<BirdRouting>(lab.io, lab.options());
  REQUIRE(lab.routing->setModel(Lab::model()).has_value());
  lab.routing->start();
  runUntil(
      lab.io, [] { return false; }, 300ms);
  CHECK_FALSE(lab.status().has_value());
  CHECK(router.has(kVip4));

  lab.routing->announce(kVip4);
  lab.routing->routesComplete();
  bool lost = false;
  const auto back = [&] {
    const auto seen = router.received();
    lost = lost || seen.nextHops.empty();
    return seen.established && lab.established();
  };
  REQUIRE(lab.eventually(back));
  CHECK_FALSE(lost);
}

TEST_CASE("Bird.StopWithdrawsAtOnce", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  lab.runController(Lab::model(), {kVip4});
  REQUIRE(lab.eventually([&] { return router.has(kVip4); }));
  const auto before = lab.pid();
  lab.stop(StopMode::Withdraw);
  REQUIRE(lab.eventually([&] { return !router.has(kVip4); }));
  CHECK_FALSE(lab.routing->mayBeAnnounced(kVip4));
  CHECK_FALSE(io::readFile(lab.run / "bird.sessions").has_value());
  const auto state = io::readFile("/proc/" + std::to_string(before) + "/stat");
  CHECK((!state || state->find(") Z") != std::string::npos));
}

TEST_CASE("Bird.StopForARestart_PeerKeepsTheRoutes", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  lab.runController(Lab::model(), {kVip4});
  REQUIRE(lab.eventually([&] { return router.has(kVip4); }));
  REQUIRE(lab.eventually([&] { return io::readFile(lab.run / "bird.sessions").has_value(); }));
  const auto before = lab.pid();
  lab.stop(StopMode::GracefulRestart);
  CHECK(router.has(kVip4));

  lab.runController(Lab::model(), {kVip4});
  bool lost = false;
  const auto back = [&] {
    lost = lost || !router.has(kVip4);
    return lab.established() && lab.pid() != before && !lab.status()->recovering;
  };
  REQUIRE(lab.eventually(back));
  CHECK_FALSE(lost);
}
