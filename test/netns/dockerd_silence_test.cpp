// dockerd accepts connections but never replies, while the controller starts or later. The
// announcements persist, and the status says that dockerd does not answer. A Leave call or the
// removal of a veth pair still withdraws a VIP.
#include "cli/client.hpp"
#include "netns/dockerd_lab.hpp"
#include "operator/status.hpp"

using namespace bgplb;
using namespace bgplb::test;
using namespace bgplb::test::dockerd_lab;

namespace {

bool isFollowing(const Lab& lab) {
  const auto body = cli::get(lab.controller.pluginSocket(), "/status", 5s);
  REQUIRE(body.has_value());
  const auto page = ops::parseStatusPage(*body);
  REQUIRE(page.has_value());
  return page->engine.following;
}

}  // namespace

TEST_CASE("Dockerd.SilentAtStart_RoutesStayAndTheEndOfAContainerWithdraws", "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  lab.controller.kill();
  lab.dockerd.hold("*");
  lab.controller.start();
  REQUIRE(eventually([&] { return lab.dockerd.held("*") > 0; }));
  lab.docker.call("NetworkDriver.GetCapabilities", "");
  CHECK_FALSE(isFollowing(lab));
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

// The event stream stays open, as that of a stopped process does.
TEST_CASE("Dockerd.SilentLater_TheStatusSaysIt", "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  REQUIRE(eventually([&] { return isFollowing(lab); }));
  lab.dockerd.hold("*");
  CHECK_FALSE(isFollowing(lab));
  lab.docker.leave(lab.leaving);
  REQUIRE(lab.isWithdrawnAtOnce(lab.leaving));
  lab.checkKept();
  lab.dockerd.release("*");
  CHECK(isFollowing(lab));
  lab.announcedAtOnce("new", {"10.0.0.111/32"});
  lab.checkEnd();
}
