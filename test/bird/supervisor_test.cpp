// A BIRD that hangs, or does not start, in a child process: how long it delays the controller's
// stop, and when it is killed.
#include "bird/fake_bird.hpp"
#include "support/privileges.hpp"

#include <boost/asio/co_spawn.hpp>

#include <csignal>
#include <cstdlib>
#include <fstream>

using namespace bgplb;
using namespace bgplb::test::fake_bird;
using bgplb::test::runUntil;

namespace {

constexpr auto kStopTimeout = 2s;
// Added to every limit below, because the machine may be busy.
constexpr auto kSlack = 1s;

// Returns the duration of the stop.
Clock::duration stop(Lab& lab, StopMode mode) {
  const auto began = Clock::now();
  bool stopped = false;
  asio::co_spawn(lab.io, lab.routing->stop(mode, began + kStopTimeout),
                 [&stopped](const std::exception_ptr&) { stopped = true; });
  REQUIRE(runUntil(
      lab.io, [&stopped] { return stopped; }, 30s));
  return Clock::now() - began;
}

core::RoutingConfig slowModel() {
  auto model = Lab::model();
  model.holdTime = 600s;  // a ninth of it is the timeout of a command
  return model;
}

bool waitUntilDead(FakeBirdProcess& bird) {
  const auto end = Clock::now() + test::kDeadline;
  while (bird.alive() && Clock::now() < end) usleep(1000);
  return !bird.alive();
}

constexpr StopMode kEndingModes[] = {StopMode::GracefulRestart, StopMode::Withdraw};

}  // namespace

TEST_CASE("Supervisor.StopIsBounded_WhileBirdReconfiguresForEver", "[bird]") {
  for (const auto mode : kEndingModes) {
    Lab lab;
    FakeBirdProcess bird(lab.control(), [](FakeBird& fake) {
      std::signal(SIGTERM, SIG_IGN);
      fake.configureReplies.assign(100, kInProgress);
      fake.statusReply = "0004-Reconfiguration in progress\n0000 \n";
    });
    lab.newController(slowModel());
    lab.routing->announce(kVip);
    lab.routing->routesComplete();
    REQUIRE(lab.eventually([&] { return lab.pending(); }));
    runUntil(
        lab.io, [] { return false; }, 100ms);  // until the Publisher polls `configure status`
    CHECK(stop(lab, mode) < kStopTimeout + kSlack);
    CHECK(waitUntilDead(bird));
  }
}

TEST_CASE("Supervisor.StopIsBounded_WhileACommandHasNoReply", "[bird]") {
  for (const auto mode : kEndingModes) {
    Lab lab;
    FakeBirdProcess bird(lab.control(), [](FakeBird& fake) { fake.silent = true; });
    lab.newController(slowModel());
    lab.routing->announce(kVip);
    lab.routing->routesComplete();
    REQUIRE(lab.eventually([&] { return lab.pending(); }));
    CHECK(stop(lab, mode) < kStopTimeout + kSlack);
    CHECK(waitUntilDead(bird));
  }
}

TEST_CASE("Supervisor.StopIsBounded_WhileBirdDoesNotGreet", "[bird]") {
  Lab lab;
  FakeBirdProcess bird(lab.control(), [](FakeBird& fake) { fake.deaf = true; });
  lab.newController(slowModel());
  test::runReady(lab.io);
  SECTION("BIRD is killed") {
    CHECK(stop(lab, StopMode::GracefulRestart) < kStopTimeout + kSlack);
    CHECK(waitUntilDead(bird));
  }
  SECTION("BIRD keeps running") {
    CHECK(stop(lab, StopMode::LeaveRunning) < kStopTimeout + kSlack);
    CHECK(bird.alive());
  }
}

TEST_CASE("Supervisor.StopIsBounded_WhileBirdStartsSlowly", "[bird]") {
  for (const auto mode : kEndingModes) {
    Lab lab;
    lab.binary = lab.folder + "/slow-bird";
    std::ofstream(lab.binary) << "#!/bin/sh\necho $$ >" << lab.folder
                              << "/bird/slow.pid\nexec sleep 60\n";
    std::filesystem::permissions(lab.binary, std::filesystem::perms(0755));
    lab.newController();
    lab.routing->routesComplete();
    const auto pid = [&lab] {
      const auto text = io::readFile(lab.folder + "/bird/slow.pid");
      return text ? static_cast<pid_t>(std::strtol(text->c_str(), nullptr, 10)) : 0;
    };
    REQUIRE(lab.eventually([&] { return pid() > 0; }));
    CHECK(stop(lab, mode) < kStopTimeout + kSlack);
    // The process is a child of PID 1, and may stay a zombie until PID 1 reaps it.
    const auto ended = [&] {
      const auto state = io::readFile("/proc/" + std::to_string(pid()) + "/stat");
      return !state || state->find(") Z") != std::string::npos;
    };
    CHECK(lab.eventually(ended));
  }
}

// BIRD owns the directory, so it could replace its socket by a link to a socket of root.
TEST_CASE("Supervisor.AProcessOfRootAtBirdsSocketIsNeitherAdoptedNorKilled", "[bird]") {
  if (!test::isRoot()) return;
  Lab lab;
  std::filesystem::create_directory(lab.folder + "/bird");
  FakeBirdProcess other(lab.folder + "/bird/bird.ctl", [](FakeBird& fake) { fake.deaf = true; });
  std::filesystem::create_symlink("bird/bird.ctl", lab.control());
  const std::string started = lab.folder + "/bird/started";
  lab.binary = lab.folder + "/bird-program";
  std::ofstream(lab.binary) << "#!/bin/sh\necho >" << started << "\n";
  std::filesystem::permissions(lab.binary, std::filesystem::perms(0755));
  lab.newController();
  lab.routing->routesComplete();
  CHECK(lab.eventually([&] { return std::filesystem::exists(started) || !other.alive(); }));
  CHECK(other.alive());
}

TEST_CASE("Supervisor.AnUndisturbedStopIsFast_AndBirdEndsByCommand", "[bird]") {
  for (const auto mode : kEndingModes) {
    Lab lab;
    const std::string line = mode == StopMode::Withdraw ? "down" : "graceful restart";
    FakeBirdProcess bird(lab.control(), [&](FakeBird& fake) {
      fake.onCommand = [line](const std::string& command) {
        if (command == line) _exit(0);
      };
    });
    lab.newController();
    lab.routing->routesComplete();
    REQUIRE(lab.eventually([&] { return lab.pending(); }));
    REQUIRE(lab.eventually([&] { return !lab.pending(); }));
    CHECK(stop(lab, mode) < kStopTimeout / 2);
    CHECK(waitUntilDead(bird));
    CHECK(bird.exitCode() == 0);
  }
}

// The poll begins within a ninth of the hold time, and the wait for its reply takes another ninth,
// in two windows.
TEST_CASE("Supervisor.AHungBirdIsKilledInTime_ASlowOneIsNot", "[bird]") {
  auto model = Lab::model();
  model.holdTime = 9s;
  Lab lab;
  FakeBirdProcess bird(lab.control(), [](FakeBird&) {});
  lab.newController(model);
  lab.routing->routesComplete();
  REQUIRE(lab.eventually([&] { return lab.pending(); }));
  REQUIRE(lab.eventually([&] { return !lab.pending(); }));
  SECTION("stopped for less than the timeout") {
    ::kill(bird.pid(), SIGSTOP);
    lab.routing->announce(kVip);  // `configure` is sent at once
    runUntil(
        lab.io, [] { return false; }, 600ms);
    ::kill(bird.pid(), SIGCONT);
    REQUIRE(lab.eventually([&] { return !lab.pending(); }));
    CHECK(bird.alive());
  }
  SECTION("stopped for longer") {
    const auto began = Clock::now();
    ::kill(bird.pid(), SIGSTOP);
    REQUIRE(runUntil(lab.io, [&] { return !bird.alive(); }));
    CHECK(Clock::now() - began > 900ms);
    CHECK(Clock::now() - began < 2s + kSlack);
  }
}
