// Two services on one VIP: each container gets connections to the ports of both.
#include "cli/client.hpp"
#include "netns/dockerd_lab.hpp"
#include "operator/status.hpp"

using namespace bgplb;
using namespace bgplb::test;
using namespace bgplb::test::dockerd_lab;

namespace {

// The problem of the only VIP; empty: none, or the controller does not answer.
std::string problemOf(const Lab& lab) {
  const auto body = cli::get(lab.controller.pluginSocket(), "/status", 5s);
  if (!body) return {};
  const auto page = ops::parseStatusPage(*body);
  return page && page->vips.size() == 1 ? page->vips.front().problem : "";
}

}  // namespace

TEST_CASE("Dockerd.StatusNamesReadyContainersThatExposeDifferentPorts", "[netns][dockerd]") {
  Lab lab;
  lab.startController();
  auto dns = lab.docker.createNetwork("dns", {"10.0.0.101/32"});
  dns.exposed = {"53/tcp", "53/udp"};
  auto web = lab.docker.another(dns);
  web.name = "web";
  web.exposed = {"80/tcp"};
  for (const auto& container : {dns, web}) {
    lab.docker.start(container);
    lab.docker.health(container, "healthy");
  }
  REQUIRE(eventually([&] { return problemOf(lab).starts_with("containers dns and web expose"); }));
  CHECK(problemOf(lab).find("(only dns: 53/tcp, 53/udp; only web: 80/tcp)") != std::string::npos);
  CHECK(lab.isAnnounced(dns));
  lab.docker.die(web);
  CHECK(eventually([&] { return problemOf(lab).empty(); }));
}
