// UDP flows of a backend that is not ready, with the real controller and kernel: datagrams of a
// client that keeps its source port.
#include "netns/traffic_lab.hpp"

using namespace bgplb;
using namespace bgplb::test;
using namespace bgplb::test::traffic_lab;

namespace {

// Two ready backends, and a flow to each VIP that the first one received.
struct Flows : Host {
  Backend first{*this, docker.createNetwork("web", vips())};
  std::vector<Flow> flows;
  std::optional<Backend> second;

  Flows() {
    REQUIRE(eventually([&] { return isAnnounced(first.web) && hasMarks(); }));
    for (const auto& vip : first.web.vips) {
      flows.emplace_back(there, vip.address());
      CHECK(arrives(flows.back(), first));
    }
    second.emplace(*this, docker.another(first.web));
    for (const auto& vip : first.web.vips) CHECK(getsNewConnections(*second, vip));
  }
  bool allArriveOnlyAt(Backend& at, Backend& other) {
    return eventually([&] {
      at.received();
      other.received();
      for (const auto& flow : flows) {
        flow.send();
        if (!at.received() || other.received()) return false;
      }
      return true;
    });
  }
  void event(const std::string& action) {
    dockerd.change([](auto&) {}, {docker.containerEvent(first.web, action)});
  }
};

}  // namespace

TEST_CASE("UdpFlows.MoveFromAnUnhealthyBackend_AndBack", "[netns][dockerd]") {
  Flows lab;
  CHECK(lab.allArriveOnlyAt(lab.first, *lab.second));
  lab.docker.health(lab.first.web, "unhealthy");
  CHECK(lab.allArriveOnlyAt(*lab.second, lab.first));
  lab.docker.health(lab.first.web, "healthy");
  CHECK(lab.allArriveOnlyAt(lab.first, *lab.second));
  CHECK(lab.isAnnounced(lab.first.web));
  lab.checkHealthy();
}

TEST_CASE("UdpFlows.MoveFromAPausedBackend", "[netns][dockerd]") {
  Flows lab;
  lab.event("pause");
  CHECK(lab.allArriveOnlyAt(*lab.second, lab.first));
  lab.event("unpause");
  CHECK(lab.allArriveOnlyAt(lab.first, *lab.second));
  lab.checkHealthy();
}

TEST_CASE("UdpFlows.MoveAtTheEndOfADrain", "[netns][dockerd]") {
  Flows lab;
  lab.docker.kill(lab.first.web, kSigUsr2);
  CHECK(lab.allArriveOnlyAt(*lab.second, lab.first));
  CHECK(eventually([&] { return lab.dockerd.count(lab.first.web.killPath()) > 0; }));
  lab.checkHealthy();
}

TEST_CASE("UdpFlows.AreRestored_WhenAnotherProgramDeletesTheirRules", "[netns][dockerd]") {
  Flows lab;
  lab.docker.health(lab.first.web, "unhealthy");
  CHECK(lab.allArriveOnlyAt(*lab.second, lab.first));
  shell("ip rule del pref 17501");
  CHECK(lab.allArriveOnlyAt(*lab.second, lab.first));
  lab.checkHealthy();
}
