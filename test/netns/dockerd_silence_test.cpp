// dockerd accepts connections and never answers while the controller starts. The announcements of
// the previous controller stay. A Leave call or the loss of a veth pair still withdraws.
#include "netns/dockerd_lab.hpp"

using namespace bgplb::test;
using namespace bgplb::test::dockerd_lab;

TEST_CASE("Dockerd.SilentAtStart_RoutesStayAndTheEndOfAContainerWithdraws", "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  lab.controller.kill();
  lab.dockerd.hold("*");
  lab.controller.start();
  REQUIRE(eventually([&] { return lab.dockerd.held("*") > 0; }));
  lab.docker.call("NetworkDriver.GetCapabilities", "");
  lab.checkKept();

  SECTION("Leave") {
    lab.docker.leave(lab.leaving);
    REQUIRE(lab.goesAtOnce(lab.leaving));
  }
  SECTION("the veth pair is gone") {
    lab.containers.shell("ip link del " + lab.dying.containerLink());
    REQUIRE(lab.goesAtOnce(lab.dying));
  }
  lab.checkKept();
  lab.dockerd.release("*");
  lab.announcedAtOnce("new", {"10.0.0.111/32"});
  lab.checkEnd();
}
