// The commands that the Publisher sends to BIRD. BIRD is a FakeBird in this process.
#include "bird/fake_bird.hpp"
#include "support/routes.hpp"

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>

using namespace bgplb;
using namespace bgplb::test::fake_bird;
using bgplb::test::ip;
using bgplb::test::net;
using bgplb::test::runUntil;

TEST_CASE("Publisher.ChangesWhileBirdIsBusyShareOneReconfiguration", "[bird]") {
  Lab lab;
  lab.settle({});
  lab.bird->silent = true;
  lab.routing->announce(kVip);
  REQUIRE(lab.eventually([&] { return lab.bird->configures() == 1; }));
  for (int i = 0; i < 50; ++i) {
    lab.routing->announce(net(("10.1.0." + std::to_string(i) + "/32").c_str()));
    test::runReady(lab.io);
  }
  CHECK(lab.bird->configures() == 1);
  CHECK(lab.file("vips4.conf") == "route 10.0.0.101/32 blackhole;\n");
  lab.bird->speak();
  REQUIRE(lab.eventually([&] { return lab.bird->configures() == 2 && !lab.pending(); }));
  const auto text = lab.file("vips4.conf");
  CHECK(std::count(text.begin(), text.end(), '\n') == 51);
}

// The changes follow each other. Each of them alone would cause a reconfiguration.
TEST_CASE("Publisher.ManyChangesInARowArePaced", "[bird]") {
  Lab lab;
  lab.settle({});
  const auto began = Clock::now();
  long changes = 0;
  while (Clock::now() - began < 300ms || changes < 50) {
    const auto vip = fmt::format("10.1.{}.{}/32", changes / 250, changes % 250);
    lab.routing->announce(net(vip.c_str()));
    ++changes;
    const auto before = lab.bird->configures();
    runUntil(
        lab.io, [&] { return lab.bird->configures() > before; }, 1ms);
  }
  const auto published = [&lab] {
    const auto text = lab.file("vips4.conf");
    return std::count(text.begin(), text.end(), '\n');
  };
  REQUIRE(lab.eventually([&] { return published() == changes; }));
  // The pause between two reconfigurations grows to 20 ms.
  CHECK(lab.bird->configures() <= 10 + (Clock::now() - began) / 20ms);
}

TEST_CASE("Publisher.NoCommand_WhenNothingChanged", "[bird]") {
  Lab lab;
  lab.settle({kVip});
  lab.routing->announce(kVip);
  lab.routing->withdraw(kOther);
  lab.routing->withdraw(kVip);
  lab.routing->announce(kVip);  // in the same turn of the loop
  REQUIRE(lab.routing->setModel(Lab::model()).has_value());
  test::runReady(lab.io);
  CHECK(lab.bird->commands.empty());
}

TEST_CASE("Publisher.AnotherBandwidthReconfigures_TheSameDoesNot", "[bird]") {
  Lab lab;
  lab.settle({kOther});
  lab.routing->announce(kVip, test::weighted(1, 1));
  REQUIRE(lab.eventually([&] { return lab.bird->configures() == 1 && !lab.pending(); }));
  lab.routing->announce(kVip, test::weighted(1, 1));
  test::runReady(lab.io);
  CHECK(lab.bird->configures() == 1);

  lab.routing->announce(kVip, test::weighted(2, 1));
  REQUIRE(lab.eventually([&] { return lab.bird->configures() == 2 && !lab.pending(); }));
  CHECK(lab.file("vips4.conf") ==
        "route 10.0.0.101/32 blackhole { bgp_ext_community.add((generic, 0x0004fffe, 0x40000000)); "
        "};\n"
        "route 10.0.0.102/32 blackhole;\n");
  CHECK(lab.routing->mayBeAnnounced(kVip));
  lab.routing->announce(kVip);
  REQUIRE(lab.eventually([&] { return lab.bird->configures() == 3 && !lab.pending(); }));
  CHECK(lab.file("vips4.conf") ==
        "route 10.0.0.101/32 blackhole;\nroute 10.0.0.102/32 blackhole;\n");
}

TEST_CASE("Publisher.ARouteWithABandwidthIsKnownToTheNextController", "[bird]") {
  Lab lab;
  lab.settle({});
  lab.routing->announce(kVip, test::weighted(2, 1));
  REQUIRE(lab.eventually([&] { return lab.bird->configures() == 1 && !lab.pending(); }));
  lab.newController();
  CHECK(lab.routing->mayBeAnnounced(kVip));
  lab.routing->announce(kVip, test::weighted(2, 1));
  lab.routing->routesComplete();
  test::runReady(lab.io);
  CHECK(lab.bird->configures() == 1);  // the file has the route already
  lab.routing->withdraw(kVip);
  REQUIRE(lab.eventually([&] { return !lab.routing->mayBeAnnounced(kVip); }));
  CHECK(lab.file("vips4.conf").empty());
}

TEST_CASE("Publisher.WhileBirdReconfigures_OnlyItsStatusIsPolled", "[bird]") {
  for (const auto& first : {kInProgress, kQueued}) {
    Lab lab;
    lab.settle({});
    lab.bird->configureReplies = {first};
    lab.bird->statusReplies = {"0005-one more\n0000 \n", "0004-in progress\n0000 \n",
                               "0004-in progress\n0022-Undo in 3 s\n0000 \n"};
    lab.routing->announce(kVip);
    REQUIRE(lab.eventually([&] { return !lab.bird->commands.empty(); }));
    lab.routing->announce(kOther);
    REQUIRE(lab.eventually([&] { return lab.bird->configures() == 2 && !lab.pending(); }));
    CHECK(lab.bird->commands == std::vector<std::string>{"configure", "configure status",
                                                         "configure status", "configure status",
                                                         "configure status", "configure"});
  }
}

TEST_CASE("Publisher.AWithdrawalIsConfirmedByBirdOnly", "[bird]") {
  Lab lab;
  lab.settle({kVip, kOther});
  int confirmations = 0;
  lab.routing->onConfirmed([&] { ++confirmations; });
  lab.bird->silent = true;
  lab.routing->withdraw(kVip);
  REQUIRE(lab.eventually([&] { return lab.bird->configures() == 1; }));
  lab.routing->withdraw(kOther);  // not part of the reconfiguration in progress
  CHECK(lab.routing->mayBeAnnounced(kVip));
  CHECK(confirmations == 0);
  lab.bird->silent = false;
  lab.bird->speak();
  lab.bird->silent = true;
  REQUIRE(lab.eventually([&] { return confirmations == 1; }));
  CHECK_FALSE(lab.routing->mayBeAnnounced(kVip));
  CHECK(lab.routing->mayBeAnnounced(kOther));
  REQUIRE(lab.eventually([&] { return lab.bird->configures() == 2; }));
  lab.routing->announce(kOther);  // announced again before BIRD has confirmed the withdrawal
  lab.bird->speak();
  REQUIRE(lab.eventually([&] { return lab.bird->configures() == 3 && !lab.pending(); }));
  CHECK(lab.routing->mayBeAnnounced(kOther));
  CHECK(confirmations == 1);
}

TEST_CASE("Publisher.ANewControllerSendsNoCommand_WhenBirdHasReadTheFiles", "[bird]") {
  Lab lab;
  lab.settle({kVip});
  lab.newController();
  CHECK(lab.routing->mayBeAnnounced(kVip));  // from the files of the previous controller
  lab.routing->announce(kVip);
  lab.routing->routesComplete();
  bool answered = false;
  const auto status = [&]() -> Task<> {
    (void)co_await lab.routing->status();
    answered = true;
  };
  asio::co_spawn(lab.io, status(), [](std::exception_ptr) {});
  REQUIRE(lab.eventually([&] { return answered; }));
  CHECK(lab.bird->commands.empty());
}

TEST_CASE("Publisher.ANewControllerReconfigures_WhenBirdMayNotHaveReadTheFiles", "[bird]") {
  Lab lab;
  lab.settle({kVip});
  std::ofstream(lab.folder + "/bird.pending").flush();
  lab.newController();
  lab.routing->announce(kVip);
  test::runReady(lab.io);
  CHECK(lab.bird->commands.empty());  // the routes are not complete
  lab.routing->routesComplete();
  REQUIRE(lab.eventually([&] { return lab.bird->configures() == 1 && !lab.pending(); }));
}

TEST_CASE("Publisher.AWithdrawalOfAFormerAnnouncementDoesNotWaitForCompleteRoutes", "[bird]") {
  Lab lab;
  lab.settle({kVip, kOther});
  lab.newController();
  lab.routing->withdraw(kVip);
  lab.routing->withdraw(kVip);  // the reconciler may repeat a withdrawal
  REQUIRE(lab.eventually([&] { return lab.bird->configures() == 1 && !lab.pending(); }));
  REQUIRE(lab.eventually([&] { return !lab.routing->mayBeAnnounced(kVip); }));
  CHECK(lab.routing->mayBeAnnounced(kOther));
  CHECK(lab.file("vips4.conf") == "route 10.0.0.102/32 blackhole;\n");

  lab.routing->announce(kOther);
  lab.routing->routesComplete();
  test::runReady(lab.io);
  CHECK(lab.bird->configures() == 1);  // BIRD has these routes already
}

TEST_CASE("Publisher.RefusedMainFile_RoutesArePublishedWithTheFormerOne", "[bird]") {
  Lab lab;
  lab.settle({kVip});
  const auto good = lab.file("bird.conf");
  auto model = Lab::model();
  model.holdTime = 30s;
  lab.bird->configureReplies = {kRefused};
  REQUIRE(lab.routing->setModel(model).has_value());
  lab.routing->announce(kOther);
  REQUIRE(lab.eventually([&] { return lab.bird->configures() == 2 && !lab.pending(); }));
  CHECK(lab.file("bird.conf") == good);
  CHECK(lab.file("vips4.conf").find("10.0.0.102/32") != std::string::npos);
  // The refused file is not tried again; a different one is.
  REQUIRE(lab.routing->setModel(model).has_value());
  test::runReady(lab.io);
  CHECK(lab.bird->configures() == 2);
  model.holdTime = 60s;
  REQUIRE(lab.routing->setModel(model).has_value());
  REQUIRE(lab.eventually([&] { return lab.bird->configures() == 3 && !lab.pending(); }));
  CHECK(lab.file("bird.conf").find("hold time 60;") != std::string::npos);
}

TEST_CASE("Publisher.AChangedConfigurationDoesNotReadTheTemplateAgain", "[bird]") {
  Lab lab;
  lab.settle({kVip});
  const auto copy = lab.folder + "/copy.mustache";
  std::filesystem::copy_file(kTemplate, copy);
  const BirdOptions options{lab.binary, lab.folder, copy, "", "true"};
  lab.routing = std::make_unique<BirdRouting>(lab.io, options);
  REQUIRE(lab.routing->setModel(Lab::model()).has_value());
  std::filesystem::remove(copy);
  auto model = Lab::model();
  model.holdTime = 60s;
  CHECK(lab.routing->setModel(model).has_value());
}

TEST_CASE("Publisher.RefusedRoutes_AreRetriedWithTheNextChange", "[bird]") {
  Lab lab;
  lab.settle({kVip});
  lab.bird->configureReplies = {kRefused};
  lab.routing->withdraw(kVip);
  REQUIRE(lab.eventually([&] { return lab.bird->configures() == 1 && !lab.pending(); }));
  CHECK(lab.routing->mayBeAnnounced(kVip));
  CHECK(lab.file("vips4.conf").find("10.0.0.101/32") != std::string::npos);
  lab.routing->announce(kOther);
  REQUIRE(lab.eventually([&] { return lab.bird->configures() == 2 && !lab.pending(); }));
  CHECK_FALSE(lab.routing->mayBeAnnounced(kVip));
  CHECK(lab.file("vips4.conf") == "route 10.0.0.102/32 blackhole;\n");
}

// `test_unit "[.figures]"` measures the time from the change to the command's arrival at the other
// end of the socket. Announcements in a row are paced; withdrawals are not.
TEST_CASE("Publisher.TimeToTheCommand", "[.figures]") {
  for (const int count : {1, 100, 1000}) {
    Lab lab;
    std::set<Prefix> routes;
    for (int i = 0; i < count; ++i) {
      routes.insert(net(fmt::format("10.1.{}.{}/32", i / 250, i % 250).c_str()));
    }
    lab.settle(routes);
    std::vector<std::int64_t> times[2];
    for (int i = 0; i < 800; ++i) {
      const auto before = lab.bird->configures();
      const auto begin = Clock::now();
      if (i % 2 == 0) lab.routing->announce(kVip);
      if (i % 2 == 1) lab.routing->withdraw(kVip);
      while (lab.bird->configures() == before) lab.io.poll();
      times[i % 2].push_back((lab.bird->lastConfigure - begin) / 1us);
      REQUIRE(lab.eventually([&] { return !lab.pending(); }));
    }
    for (auto& list : times) std::sort(list.begin(), list.end());
    fmt::print("{} routes: announce median {} us, withdraw median {} us, 90% {} us\n", count,
               times[0][200], times[1][200], times[1][360]);
  }
}
