#include "init/controller_watch.hpp"

#include "support/catch.hpp"

using bgplb::init::ControllerWatch;
using namespace std::chrono_literals;
namespace heartbeat = bgplb::heartbeat;

namespace {

// Calls tick() each second; the controller sends its heartbeat unless it is silent.
struct Host {
  ControllerWatch::Clock::time_point now{1000h};
  ControllerWatch watch;
  bool silent = false;
  char byte = heartbeat::kAlive;

  explicit Host(std::optional<std::chrono::seconds> orphanTime = 300s) : watch(orphanTime, now) {
    watch.started(now);
  }
  // Seconds until the controller counts as hung; none: it does not count as hung within `most`.
  std::optional<std::chrono::seconds> pass(std::chrono::seconds most) {
    for (auto passed = 1s; passed <= most; ++passed) {
      now += 1s;
      watch.tick(now);
      if (!silent) watch.heard(byte, now);
      if (watch.hangs(now)) return passed;
    }
    return std::nullopt;
  }
  // The whole host is suspended.
  void stop(std::chrono::seconds time) {
    now += time;
    watch.tick(now);
  }
};

}  // namespace

TEST_CASE("ControllerWatch.AControllerThatIsSilentFor10s_Hangs") {
  Host host;
  CHECK_FALSE(host.pass(100s));
  host.silent = true;
  CHECK(host.pass(60s) == 10s);
  CHECK_FALSE(host.pass(60s));  // said once
  host.watch.ended();
  host.watch.started(host.now);
  host.silent = false;
  CHECK_FALSE(host.pass(20s));
}

TEST_CASE("ControllerWatch.TheFirstHeartbeatMayTakeLonger") {
  Host host;
  host.silent = true;
  CHECK(host.pass(100s) == 60s);
}

TEST_CASE("ControllerWatch.APauseOfTheWholeHostDoesNotCount") {
  Host host(20s);
  host.byte = heartbeat::kInCharge;
  CHECK_FALSE(host.pass(3s));
  host.silent = true;
  CHECK_FALSE(host.pass(5s));
  host.stop(30s);
  CHECK_FALSE(host.watch.hangs(host.now));
  CHECK_FALSE(host.watch.isOrphaned(host.now));
  const auto found = host.pass(60s);
  REQUIRE(found);
  CHECK(*found >= 4s);
  CHECK(*found <= 5s);
}

TEST_CASE("ControllerWatch.Orphaned_WhenNoControllerWasInChargeForTheOrphanTime") {
  Host host(30s);
  SECTION("never one") {
    CHECK_FALSE(host.pass(29s));
    CHECK_FALSE(host.watch.isOrphaned(host.now));
    host.pass(1s);
    CHECK(host.watch.isOrphaned(host.now));
  }
  SECTION("a crash loop: alive, but never in charge") {
    host.byte = heartbeat::kInCharge;
    host.pass(100s);
    host.byte = heartbeat::kAlive;
    for (int run = 0; run < 6; ++run) {
      CHECK_FALSE(host.watch.isOrphaned(host.now));
      host.watch.ended();
      host.watch.started(host.now);
      host.pass(5s);
    }
    CHECK(host.watch.isOrphaned(host.now));
    SECTION("until one is in charge") {
      host.byte = heartbeat::kInCharge;
      host.pass(1s);
      CHECK_FALSE(host.watch.isOrphaned(host.now));
    }
  }
  SECTION("one that is in charge and goes on") {
    host.byte = heartbeat::kInCharge;
    host.pass(1000s);
    CHECK_FALSE(host.watch.isOrphaned(host.now));
  }
  SECTION("a pause does not count") {
    host.pass(28s);
    host.stop(3600s);
    CHECK_FALSE(host.watch.isOrphaned(host.now));
  }
}

TEST_CASE("ControllerWatch.NeverOrphaned_WithoutAnOrphanTime") {
  Host host(std::nullopt);
  host.pass(100'000s);
  CHECK_FALSE(host.watch.isOrphaned(host.now));
}
