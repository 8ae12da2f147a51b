// The event stream breaks, or carries a line of 2 MiB. No event may be lost.
#include "netns/dockerd_lab.hpp"

using namespace bgplb::test;
using namespace bgplb::test::dockerd_lab;

namespace {

// The kept VIPs do not move until `end`.
void requireQuietUntil(Lab& lab, Clock::time_point end) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
  REQUIRE(!eventually([&] { return !lab.isAnnounced(lab.kept); }, std::max(left, 0ms)));
  lab.checkKept();
}

}  // namespace

TEST_CASE("Dockerd.StreamCutEachSecond_EventsInTheGapsCount", "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  const auto drained = lab.announced("drained", {"10.0.0.111/32"});
  const auto late = lab.docker.createNetwork("late", {"10.0.0.112/32"});
  lab.docker.start(late);
  const auto began = Clock::now();

  lab.dockerd.changeInGap(
      [&](auto& values) { values.containers[late.container].health = "healthy"; },
      {lab.docker.containerEvent(late, "health_status: healthy")});
  REQUIRE(lab.comesAtOnce(late));
  lab.keep(late);
  requireQuietUntil(lab, began + 1s);

  lab.dockerd.changeInGap(
      [&](auto& values) { values.containers[lab.dying.container].running = false; },
      {lab.docker.containerEvent(lab.dying, "die")});
  REQUIRE(lab.goesAtOnce(lab.dying));
  requireQuietUntil(lab, began + 2s);

  // A signal is in no list: only `since` brings this event.
  auto signal = lab.docker.containerEvent(drained, "kill");
  signal.attributes["signal"] = std::to_string(kSigUsr2);
  lab.dockerd.changeInGap([](auto&) {}, {signal});
  REQUIRE(lab.goesAtOnce(drained));
  REQUIRE(eventually([&] { return lab.dockerd.count(drained.killPath()) > 0; }));
  lab.docker.die(drained);
  requireQuietUntil(lab, began + 3s);

  lab.dockerd.cutStreams();
  lab.docker.leave(lab.leaving);
  REQUIRE(lab.goesAtOnce(lab.leaving));
  lab.announcedAtOnce("new", {"10.0.0.113/32"});
  REQUIRE(lab.dockerd.count(drained.killPath()) == 1);
  lab.checkEnd();
}

// dockerd keeps the last 256 events. Older changes are only in the lists. Every answer takes 50 ms.
TEST_CASE("Dockerd.StreamCutAndHistoryLost_TheListsCount", "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  lab.dockerd.delay("*", 50ms);
  const auto late = lab.docker.createNetwork("late", {"10.0.0.112/32"});
  lab.docker.start(late);
  const auto next = lab.docker.createNetwork("next", {"10.0.0.113/32"});
  lab.docker.startSilently(next);

  lab.dockerd.changeInGap(
      [&](auto& values) {
        values.containers[late.container].health = "healthy";
        values.containers[lab.dying.container].running = false;
      },
      {});
  REQUIRE(lab.goesAtOnce(lab.dying));
  REQUIRE(lab.comesAtOnce(late));
  REQUIRE(lab.comesAtOnce(next));
  lab.checkEnd();
}

// The container's inspect hangs, so that its health is known from the event after the long line
// only.
TEST_CASE("Dockerd.EventLineOf2MiB_TheNextEventCountsAtOnce", "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  const auto late = lab.docker.createNetwork("late", {"10.0.0.112/32"});
  const auto asked = lab.dockerd.count(late.inspectPath());
  lab.docker.start(late);
  REQUIRE(eventually([&] { return lab.dockerd.count(late.inspectPath()) > asked; }));
  lab.dockerd.hold("/containers/*");

  EventValue start{"container", "start", lab.docker.newId('d'), {}};
  start.attributes["label"] = std::string(2U << 20, 'x');
  lab.dockerd.sendRaw(eventLine(start, 1),
                      {lab.docker.containerEvent(late, "health_status: healthy")});
  REQUIRE(lab.comesAtOnce(late));
  lab.checkWithdrawals();
  lab.checkEnd();
}
