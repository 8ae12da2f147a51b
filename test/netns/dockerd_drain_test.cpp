// SIGUSR2 drains a container on a VIP network. The controller must never send SIGTERM to a
// container that is on no VIP network.
#include "netns/dockerd_lab.hpp"

using namespace bgplb::test;
using namespace bgplb::test::dockerd_lab;

namespace {

// A container on a bridge network only.
Web plain(Lab& lab, const std::string& name) {
  Web web;
  web.name = name;
  web.network = std::string(64, '9');
  web.container = lab.docker.newId('b');
  web.endpoint = lab.docker.newId('d');
  return web;
}

void add(FakeDockerd::Values& values, const Lab& lab, const Web& web) {
  values.networks[web.network] = {
      .id = web.network, .name = "plain", .driver = "bridge", .subnets = {"172.17.0.0/16"}};
  values.containers[web.container] = lab.docker.containerOf(web, "");
}

EventValue sigUsr2(const Lab& lab, const Web& web) {
  auto event = lab.docker.containerEvent(web, "kill");
  event.attributes["signal"] = std::to_string(kSigUsr2);
  return event;
}

// Requires a SIGTERM after the drain delay, and not earlier. All containers have the same delay, so
// a container that was signalled earlier would have received its SIGTERM by then.
void requireSigterm(Lab& lab, const Web& web, Clock::time_point signalled) {
  INFO(web.name);
  REQUIRE(eventually([&] { return lab.dockerd.count(web.killPath()) > 0; }, kDrainDelay + kAtOnce));
  const auto sent = lab.dockerd.requests(web.killPath());
  REQUIRE(sent.front().at - signalled >= kDrainDelay);
  REQUIRE(sent.front().query.find("signal=SIGTERM") != std::string::npos);
  lab.docker.die(web);
}

void drain(Lab& lab, const Web& web) {
  const auto signalled = Clock::now();
  lab.docker.kill(web, kSigUsr2);
  REQUIRE(lab.isWithdrawnAtOnce(web));
  requireSigterm(lab, web, signalled);
}

}  // namespace

TEST_CASE("Dockerd.Sigusr2WhileTheControllerStarts_SigtermOnlyToVipContainers",
          "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  const auto other = plain(lab, "other");
  lab.dockerd.change([&](auto& values) { add(values, lab, other); });
  const auto drained = lab.announced("drained", {"10.0.0.111/32"});
  const auto later = lab.announced("later", {"10.0.0.112/32"});
  lab.dockerd.hold("/networks");
  lab.restartController();
  REQUIRE(eventually([&] { return lab.dockerd.held("/networks") > 0; }));
  const auto signalled = Clock::now();
  lab.dockerd.change([](auto&) {}, {sigUsr2(lab, other), sigUsr2(lab, drained)});
  // The controller learns from the lists which VIP the container is a backend of.
  lab.dockerd.release("/networks");
  REQUIRE(lab.isWithdrawnAtOnce(drained));
  requireSigterm(lab, drained, signalled);
  drain(lab, later);
  REQUIRE(lab.dockerd.count(other.killPath()) == 0);
  REQUIRE(lab.dockerd.count(drained.killPath()) == 1);
  REQUIRE(lab.dockerd.count(later.killPath()) == 1);
  lab.checkWithdrawals();
  lab.checkEnd();
}

TEST_CASE("Dockerd.Sigusr2RightAfterTheStart_SigtermOnlyToVipContainers", "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  const auto drained = lab.announced("drained", {"10.0.0.111/32"});
  const auto later = lab.announced("later", {"10.0.0.112/32"});
  const auto other = plain(lab, "other");
  lab.dockerd.hold(other.inspectPath());
  lab.dockerd.change([&](auto& values) { add(values, lab, other); },
                     {lab.docker.containerEvent(other, "start"), sigUsr2(lab, other)});
  drain(lab, drained);
  REQUIRE(lab.dockerd.count(other.killPath()) == 0);
  lab.dockerd.release(other.inspectPath());
  drain(lab, later);
  REQUIRE(lab.dockerd.count(other.killPath()) == 0);
  REQUIRE(lab.dockerd.count(drained.killPath()) == 1);
  REQUIRE(lab.dockerd.count(later.killPath()) == 1);
  lab.checkWithdrawals();
  lab.checkEnd();
}
