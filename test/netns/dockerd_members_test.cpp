// A server in the network namespace of the container that has the VIP (`docker run --network
// container:NAME`): the VIP follows the server.
#include "netns/dockerd_lab.hpp"

using namespace bgplb::test;
using namespace bgplb::test::dockerd_lab;

namespace {

// A container in the network namespace of `holder`.
Web memberOf(Lab& lab, const Web& holder) {
  Web app;
  app.name = "app";
  app.container = lab.docker.newId('c');
  lab.dockerd.change(
      [&](auto& values) {
        values.containers[app.container] = {.id = app.container,
                                            .name = app.name,
                                            .health = "healthy",
                                            .running = true,
                                            .startedAt = "2026-11-22T20:00:01Z",
                                            .networkMode = "container:" + holder.container};
      },
      {lab.docker.containerEvent(app, "start")});
  REQUIRE(eventually([&] { return lab.dockerd.count(app.inspectPath()) > 0; }));
  return app;
}

}  // namespace

TEST_CASE("Dockerd.AServerInTheNamespaceOfTheVip_DecidesAboutIt", "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  const auto holder = lab.announced("holder", {"10.0.0.111/32"});
  const auto app = memberOf(lab, holder);
  REQUIRE(lab.isAnnounced(holder));
  lab.docker.health(app, "unhealthy");
  REQUIRE(lab.isWithdrawnAtOnce(holder));
  lab.docker.health(app, "healthy");
  REQUIRE(lab.isAnnouncedAtOnce(holder));
  // A new controller finds the server in dockerd's lists.
  lab.keep(holder.vips.front());
  lab.restartController();
  REQUIRE(eventually([&] { return lab.dockerd.count(app.inspectPath()) > 1; }));
  lab.checkKept();
  lab.docker.dieFirst(app);
  REQUIRE(lab.isWithdrawnAtOnce(holder));
  lab.checkWithdrawals();
}

TEST_CASE("Dockerd.Sigusr2ToAServerInTheNamespaceOfTheVip_DrainsIt", "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  const auto holder = lab.announced("holder", {"10.0.0.111/32"});
  const auto app = memberOf(lab, holder);
  const auto signalled = Clock::now();
  lab.docker.kill(app, kSigUsr2);
  REQUIRE(lab.isWithdrawnAtOnce(holder));
  REQUIRE(eventually([&] { return lab.dockerd.count(app.killPath()) > 0; }, kDrainDelay + kAtOnce));
  REQUIRE(lab.dockerd.requests(app.killPath()).front().at - signalled >= kDrainDelay);
  REQUIRE(lab.dockerd.count(holder.killPath()) == 0);
  lab.checkWithdrawals();
  lab.checkEnd();
}
