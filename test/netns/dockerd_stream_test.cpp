// The event stream is interrupted, or contains a line of 2 MiB. No event may be lost.
#include "netns/dockerd_lab.hpp"

using namespace bgplb::test;
using namespace bgplb::test::dockerd_lab;

namespace {

// Requires that the announcements of the kept VIPs do not change until `end`.
void requireQuietUntil(Lab& lab, Clock::time_point end) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
  REQUIRE(!eventually([&] { return !lab.isAnnounced(lab.kept); }, std::max(left, 0ms)));
  lab.checkKept();
}

}  // namespace

TEST_CASE("Dockerd.StreamCutEachSecond_EventsInTheGapsAreProcessed", "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  const auto drained = lab.announced("drained", {"10.0.0.111/32"});
  const auto late = lab.docker.createNetwork("late", {"10.0.0.112/32"});
  lab.docker.start(late);
  const auto began = Clock::now();

  lab.dockerd.changeInGap(
      [&](auto& values) { values.containers[late.container].health = "healthy"; },
      {lab.docker.containerEvent(late, "health_status: healthy")});
  REQUIRE(lab.isAnnouncedAtOnce(late));
  lab.keep(late);
  requireQuietUntil(lab, began + 1s);

  lab.dockerd.changeInGap(
      [&](auto& values) { values.containers[lab.dying.container].running = false; },
      {lab.docker.containerEvent(lab.dying, "die")});
  REQUIRE(lab.isWithdrawnAtOnce(lab.dying));
  requireQuietUntil(lab, began + 2s);

  // No list contains signals: only the parameter `since` of GET /events returns this event.
  auto signal = lab.docker.containerEvent(drained, "kill");
  signal.attributes["signal"] = std::to_string(kSigUsr2);
  lab.dockerd.changeInGap([](auto&) {}, {signal});
  REQUIRE(lab.isWithdrawnAtOnce(drained));
  REQUIRE(eventually([&] { return lab.dockerd.count(drained.killPath()) > 0; }));
  lab.docker.die(drained);
  requireQuietUntil(lab, began + 3s);

  lab.dockerd.cutStreams();
  lab.docker.leave(lab.leaving);
  REQUIRE(lab.isWithdrawnAtOnce(lab.leaving));
  lab.announcedAtOnce("new", {"10.0.0.113/32"});
  REQUIRE(lab.dockerd.count(drained.killPath()) == 1);
  lab.checkEnd();
}

// dockerd keeps the last 256 events. Older changes are only in the lists. Every reply takes 50 ms.
TEST_CASE("Dockerd.StreamCutAndHistoryLost_TheListsAreUsed", "[netns][dockerd]") {
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
  REQUIRE(lab.isWithdrawnAtOnce(lab.dying));
  REQUIRE(lab.isAnnouncedAtOnce(late));
  REQUIRE(lab.isAnnouncedAtOnce(next));
  lab.checkEnd();
}

// Inspect requests hang, so that only the event after the long line reports the container's health.
TEST_CASE("Dockerd.EventLineOf2MiB_TheNextEventIsProcessedAtOnce", "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  const auto sick = lab.announced("sick", {"10.0.0.112/32"});
  lab.dockerd.hold("/containers/*");

  EventValue start{"container", "start", lab.docker.newId('d'), {}};
  start.attributes["label"] = std::string(2U << 20, 'x');
  lab.dockerd.sendRaw(eventLine(start, 1),
                      {lab.docker.containerEvent(sick, "health_status: unhealthy")});
  REQUIRE(lab.isWithdrawnAtOnce(sick));
  lab.checkWithdrawals();
  lab.checkEnd();
}
