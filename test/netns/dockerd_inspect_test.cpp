// dockerd never replies to GET /containers/ID/json for one container. This must not delay any other
// container.
#include "netns/dockerd_lab.hpp"

using namespace bgplb::test;
using namespace bgplb::test::dockerd_lab;

TEST_CASE("Dockerd.OneInspectHangsAtStart_AnotherContainerIsAnnouncedAtOnce", "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  const auto hanging = lab.announced("hanging", {"10.0.0.111/32"});
  lab.keep(hanging);
  lab.dockerd.hold(hanging.inspectPath());
  lab.restartController();
  REQUIRE(eventually([&] { return lab.dockerd.held(hanging.inspectPath()) > 0; }));
  lab.announcedAtOnce("new", {"10.0.0.112/32"});
  lab.checkWithdrawals();
  lab.checkEnd();
}

// No event reports the start of `next`; the container list names it after `hanging`.
TEST_CASE("Dockerd.OneInspectHangsAfterACutStream_TheNextInTheListIsAnnouncedAtOnce",
          "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  const auto hanging = lab.announced("hanging", {"10.0.0.111/32"});
  lab.keep(hanging);
  lab.dockerd.hold(hanging.inspectPath());
  const auto next = lab.docker.createNetwork("next", {"10.0.0.112/32"});
  lab.docker.startSilently(next);
  lab.dockerd.cutStreams();
  REQUIRE(eventually([&] { return lab.dockerd.held(hanging.inspectPath()) > 0; }));
  REQUIRE(lab.isAnnouncedAtOnce(next));
  lab.checkWithdrawals();
  lab.checkEnd();
}

TEST_CASE("Dockerd.TwoInspectsHangAtStart_TheirVipsStayUntilTheirContainersEnd",
          "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  const auto first = lab.announced("first", {"10.0.0.111/32"});
  const auto second = lab.announced("second", {"10.0.0.112/32"});
  const auto hangs = [&](const Web& web) { return lab.dockerd.held(web.inspectPath()) > 0; };
  lab.keep(first);
  lab.keep(second);
  lab.dockerd.hold(first.inspectPath());
  lab.dockerd.hold(second.inspectPath());
  const auto before = lab.dockerd.count(first.inspectPath());
  lab.restartController();
  REQUIRE(eventually([&] { return hangs(first) && hangs(second); }, kAtOnce));
  const auto fresh = lab.announcedAtOnce("new", {"10.0.0.113/32"});
  lab.checkWithdrawals();
  lab.keep(fresh);

  // The request times out and the controller repeats it. A missing reply does not mean that the
  // container has ended.
  const auto repeated = [&] { return lab.dockerd.count(first.inspectPath()) >= before + 2; };
  REQUIRE(eventually(repeated, 20s));
  lab.checkEnd();
  lab.docker.dieFirst(first);
  REQUIRE(lab.isWithdrawnAtOnce(first));
  lab.docker.leave(second);
  REQUIRE(lab.isWithdrawnAtOnce(second));
}

// Nothing is left but the kernel's state, and the files that BIRD read last.
TEST_CASE("Dockerd.OneInspectHangsAfterControllerAndBirdWereKilled_AllVipsAreAnnouncedAgain",
          "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  const auto hanging = lab.announced("hanging", {"10.0.0.111/32"});
  lab.dockerd.hold(hanging.inspectPath());
  lab.controller.kill();
  bird_lab::endProcess(lab.bird);
  REQUIRE(eventually([&] { return lab.isWithdrawn(lab.kept) && lab.isWithdrawn(hanging); }));

  lab.controller.start();
  // The first round waits 1 s for the inspection.
  for (const auto& web : {hanging, lab.kept, lab.dying, lab.leaving}) {
    INFO(web.vips.front().toString());
    REQUIRE(eventually([&] { return lab.isAnnounced(web); }, 1s + kAtOnce));
  }
  REQUIRE(lab.dockerd.held(hanging.inspectPath()) > 0);
  REQUIRE(lab.peer.sessions() == 2);
  lab.keep(lab.kept);
  lab.checkWithdrawals();
  lab.docker.dieFirst(hanging);
  REQUIRE(lab.isWithdrawnAtOnce(hanging));
  lab.checkKept();
  REQUIRE(lab.controller.crashReport() == "");
}
