// dockerd accepts connections but never replies while the controller starts. The announcements of
// the previous controller persist. A Leave call or the removal of a veth pair still withdraws a
// VIP.
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
    REQUIRE(lab.isWithdrawnAtOnce(lab.leaving));
  }
  SECTION("the veth pair is removed") {
    lab.containers.shell("ip link del " + lab.dying.containerLink());
    REQUIRE(lab.isWithdrawnAtOnce(lab.dying));
  }
  lab.checkKept();
  lab.dockerd.release("*");
  lab.announcedAtOnce("new", {"10.0.0.111/32"});
  lab.checkEnd();
}
