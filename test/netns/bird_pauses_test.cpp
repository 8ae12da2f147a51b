// Tests of pauses of BIRD, the controller or the whole machine: a BIRD that hangs is replaced, one
// that was only paused is not.
#include "netns/bird_lab.hpp"

#include "bird/status_query.hpp"

#include <chrono>
#include <thread>

using namespace bgplb;
using namespace bgplb::bird;
using namespace bgplb::test::bird_lab;
using namespace std::chrono_literals;
using bgplb::test::ip;
using bgplb::test::runUntil;

namespace {

using Clock = std::chrono::steady_clock;

// Sleeps for a fixed time, because the length of the pause is the subject of the test.
void pauseFor(std::chrono::milliseconds time) { std::this_thread::sleep_for(time); }

// The timeout of a command is a ninth of the hold time: 1 s. Peers that never respond keep the
// polls at two per second and make a reply longer than one read.
core::RoutingConfig modelWithDeadPeers() {
  auto model = Lab::model();
  model.holdTime = 9s;
  for (int last = 100; last < 220; ++last) {
    const auto address = "10.77.0." + std::to_string(last);
    auto peer = test::peer(address.c_str(), 65099);
    model.peers.push_back(std::move(peer));
  }
  return model;
}

struct Bird {
  pid_t pid = 0;
  std::string since;  // when the session with the router began
  friend bool operator==(const Bird&, const Bird&) = default;
};

Bird birdOf(Lab& lab) {
  const auto status = await(lab.io, queryStatus(lab.io, lab.run / "bird.ctl"));
  REQUIRE(status.has_value());
  return {status->pid, status->peers.at(0).since};
}

// Returns once the first poll after the stop waits for its reply.
void stopBirdUntilAPollWaits(pid_t bird) {
  ::kill(bird, SIGSTOP);
  pauseFor(600ms);
}

}  // namespace

TEST_CASE("Bird.HungIsReplacedInTime_PeerKeepsTheRoutes", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  auto model = Lab::model();
  model.holdTime = 12s;
  lab.runController(model, {kVip4});
  REQUIRE(lab.eventually([&] { return router.has(kVip4); }));
  REQUIRE(lab.eventually([&] { return io::readFile(lab.run / "bird.sessions").has_value(); }));
  const auto before = lab.pid();

  const auto began = Clock::now();
  ::kill(before, SIGSTOP);
  bool lost = false;
  std::optional<Clock::duration> replacedAfter;
  const auto replaced = [&] {
    const auto seen = router.received();
    lost = lost || seen.nextHops.empty();
    const auto now = pidIn(lab.run / "bird.pid");
    if (now == 0 || now == before) return false;
    if (!replacedAfter) replacedAfter = Clock::now() - began;
    return seen.established && lab.established();
  };
  REQUIRE(lab.eventually(replaced));
  CHECK(*replacedAfter < model.holdTime / 3);
  CHECK_FALSE(lost);
}

TEST_CASE("Bird.PausedForLessThanTheTimeout_IsNotReplaced", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  lab.runController(Lab::model(), {kVip4});
  REQUIRE(lab.eventually([&] { return router.has(kVip4); }));
  const auto before = birdOf(lab);

  ::kill(before.pid, SIGSTOP);
  lab.routing->announce(kOther4);  // sends `configure` at once, which waits for its reply
  runUntil(
      lab.io, [] { return false; }, 700ms);
  ::kill(before.pid, SIGCONT);
  REQUIRE(lab.eventually([&] { return router.has(kOther4); }));
  CHECK(birdOf(lab) == before);
}

TEST_CASE("Bird.ControllerPausedFor12Seconds_BirdIsNotReplaced", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  const ControllerProcess controller(lab, modelWithDeadPeers());
  REQUIRE(lab.eventually([&] { return router.has(kVip4); }));
  const auto before = birdOf(lab);

  // BIRD's reply arrives while the controller is stopped.
  stopBirdUntilAPollWaits(before.pid);
  controller.signal(SIGSTOP);
  ::kill(before.pid, SIGCONT);
  pauseFor(12s);
  controller.signal(SIGCONT);
  controller.announceOther();
  REQUIRE(lab.eventually([&] { return router.has(kOther4); }));
  CHECK(birdOf(lab) == before);
}

TEST_CASE("Bird.MachinePaused_BirdIsNotReplaced", "[netns]") {
  Lab lab;
  Router router(lab.io, lab.there, Lab::session4());
  const ControllerProcess controller(lab, modelWithDeadPeers());
  REQUIRE(lab.eventually([&] { return router.has(kVip4); }));
  const auto before = birdOf(lab);

  stopBirdUntilAPollWaits(before.pid);
  controller.signal(SIGSTOP);
  pauseFor(4s);  // less than the hold time, so the session stays up
  controller.signal(SIGCONT);
  pauseFor(100ms);  // the controller gets the CPU first
  ::kill(before.pid, SIGCONT);
  controller.announceOther();
  REQUIRE(lab.eventually([&] { return router.has(kOther4); }));
  CHECK(birdOf(lab) == before);
}
