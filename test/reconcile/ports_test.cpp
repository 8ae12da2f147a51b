// Tests of containers of one VIP that expose different ports: the connections to a port may reach a
// container without a server for it.
#include "core/port_check.hpp"
#include "reconcile/web1_host.hpp"
#include "support/catch.hpp"
#include "support/log_capture.hpp"

using namespace bgplb;
using namespace bgplb::test;
using core::Health;
using Ports = std::vector<std::string_view>;

namespace {

struct TwoContainers : Host {
  TwoContainers() {
    create();
    join(kEp1, "02:00:00:00:00:01");
    join(kEp2, "02:00:00:00:00:02");
  }
  void inspected(const ContainerId& id, const EndpointId& endpoint, const Ports& ports,
                 Health health = Health::Healthy) {
    auto report = test::report(id, kWeb1, endpoint, health);
    report.ports = core::parseExposedPorts(ports);
    touch(core::containerReported(facts(), report, now));
  }
  std::string problem() const { return reconciler.problem(kWeb1, vip4); }
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("Reconciler.WarnsOfReadyContainersThatExposeDifferentPorts") {
  TwoContainers host;
  host.inspected(kCtr1, kEp1, {"53/udp", "53/tcp"});
  host.inspected(kCtr2, kEp2, {"80/tcp"}, Health::Starting);
  CHECK(host.problem().empty());

  LogCapture log;
  host.inspected(kCtr2, kEp2, {"80/tcp"});
  const std::string problem =
      "containers ctr-c1 and ctr-c2 expose different ports (only ctr-c1: 53/tcp, 53/udp; only "
      "ctr-c2: 80/tcp), but each gets connections to every port of the VIP: run the servers in one "
      "network namespace (--network container:NAME)";
  CHECK(host.problem() == problem);
  CHECK(host.reconciler.problem(kWeb1, host.vip6) == problem);
  CHECK(host.announced());  // a warning: one of the containers may serve all ports

  host.reconciler.touchAll(host.now);
  host.step();
  host.touch(core::containerHealth(host.facts(), kCtr2, Health::Unhealthy, host.now));
  CHECK(host.problem().empty());
  const std::string text = log.text();
  const auto first = text.find(problem);
  CHECK(first != std::string::npos);
  CHECK(text.find(problem, first + 1) == std::string::npos);
  CHECK(
      contains(text, "resolved: network aaaaaaaaa111: its ready containers expose the same ports"));
}

TEST_CASE("Reconciler.ComparesThePortsOfAllServersInANetworkNamespace") {
  TwoContainers host;
  host.inspected(kCtr1, kEp1, {"80/tcp"});
  host.inspected(kCtr2, kEp2, {"53/udp"});
  REQUIRE_FALSE(host.problem().empty());
  const auto member = [&host](const char* id, const ContainerId& holder, const Ports& ports) {
    core::ContainerReport made;
    made.id = ContainerId{id};
    made.name = id;
    made.run = core::RunState::Running;
    made.server = true;
    made.namespaceOf = holder.value;
    made.ports = core::parseExposedPorts(ports);
    host.touch(core::containerStarted(host.facts(), made.id, host.now));
    host.touch(core::containerReported(host.facts(), made, host.now));
  };
  member("dns-of-c1", kCtr1, {"53/udp"});
  CHECK_FALSE(host.problem().empty());
  member("web-of-c2", kCtr2, {"80/tcp"});
  CHECK(host.problem().empty());
}

TEST_CASE("Reconciler.DoesNotCompareAContainerThatExposesNoPort") {
  const auto ports = GENERATE(Ports{}, Ports{"80/tcp"});
  TwoContainers host;
  host.inspected(kCtr1, kEp1, {"80/tcp"});
  host.inspected(kCtr2, kEp2, ports);
  CHECK(host.announced());
  CHECK(host.problem().empty());
}

TEST_CASE("Reconciler.NamesThePortsThatOnlyOneContainerExposes") {
  TwoContainers host;
  host.inspected(kCtr1, kEp1, {"80/tcp", "443/tcp"});
  host.inspected(kCtr2, kEp2, {"80/tcp"});
  CHECK(contains(host.problem(), "different ports (only ctr-c1: 443/tcp), but"));
  host.inspected(kCtr2, kEp2, {"80/tcp", "443/tcp", "9090/tcp"});
  CHECK(contains(host.problem(), "different ports (only ctr-c2: 9090/tcp), but"));
}
