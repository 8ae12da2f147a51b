// Networks are created and removed after dockerd has created a list and before the controller reads
// it. The later event or call takes precedence over the list.
#include "netns/dockerd_lab.hpp"

using namespace bgplb;
using namespace bgplb::test;
using namespace bgplb::test::dockerd_lab;

namespace {

bool exists(const std::string& link) { return tryShell("ip link show dev " + link).status == 0; }

void end(Lab& lab, const Web& web) {
  lab.docker.die(web);
  REQUIRE(lab.isWithdrawnAtOnce(web));
  lab.dockerd.change([&](auto& values) { values.containers.erase(web.container); });
  lab.docker.removeNetwork(web);
  REQUIRE(eventually([&] { return !exists(web.bridge()); }, kAtOnce));
}

void race(const std::string& list) {
  Lab lab;
  lab.begin();
  const auto gone = lab.announced("gone", {"10.0.0.111/32"});
  const auto former = lab.announced("again", {"10.0.0.112/32"});
  const auto oldGateway = Prefix::parse("172.24.0.0/24").value();
  const auto newGateway = Prefix::parse("172.25.0.0/24").value();
  const auto gateway = lab.docker.createGateway("old", oldGateway.toString());
  REQUIRE(eventually([&] { return lab.peer.has(oldGateway); }));
  // No event reports this container: once its VIP is announced, the list has been processed.
  const auto listed = lab.docker.createNetwork("listed", {"10.0.0.113/32"});
  lab.docker.startSilently(listed);
  lab.dockerd.hold(list);
  lab.dockerd.cutStreams();
  REQUIRE(eventually([&] { return lab.dockerd.held(list) > 0 && lab.dockerd.streams() > 0; }));

  end(lab, gone);
  end(lab, former);
  const auto again = lab.announcedAtOnce("again", {"10.0.0.112/32"});
  lab.docker.createGateway("new", newGateway.toString());
  REQUIRE(eventually([&] { return lab.peer.has(newGateway); }, kAtOnce));
  lab.docker.removeGateway(gateway);
  REQUIRE(eventually([&] { return !lab.peer.has(oldGateway); }, kAtOnce));
  lab.keep(again);
  lab.keep(newGateway);
  lab.checkWithdrawals();

  lab.dockerd.release(list);
  REQUIRE(lab.isAnnouncedAtOnce(listed));
  REQUIRE_FALSE(exists(gone.bridge()));
  REQUIRE_FALSE(exists(former.bridge()));
  REQUIRE(lab.peer.changes(oldGateway).size() == 2);  // announced and withdrawn, once
  lab.announcedAtOnce("gone", {"10.0.0.111/32"});
  lab.checkEnd();
}

}  // namespace

TEST_CASE("Dockerd.NetworksChangeWhileTheirListIsInFlight_TheLaterChangeWins", "[netns][dockerd]") {
  race("/networks");
}

TEST_CASE("Dockerd.NetworksChangeWhileTheContainerListIsInFlight_TheLaterChangeWins",
          "[netns][dockerd]") {
  race("/containers/json");
}
