// Tests how many queries to the Docker API are in flight, and how failed and hanging ones are
// handled.
#include "docker/dialogue_host.hpp"

#include "support/catch.hpp"

using namespace bgplb;
using namespace bgplb::test;
using namespace std::chrono_literals;
using core::Health;
using docker::InspectContainer;
using docker::ListNetworks;

namespace {

ContainerId numbered(int number) { return ContainerId("c" + std::to_string(number)); }

}  // namespace

// Docker creates docker_gwbridge without an event.
TEST_CASE("Dialogue.InspectsTheGatewayThatDockerHasCreated") {
  ConnectedHost host;
  const docker::InspectNetwork gateway{NetworkId("docker_gwbridge")};
  auto report = test::report(kCtr1, kWeb1, kEp1, core::Health::Healthy);
  const auto [ipv6, ownGateway] =
      GENERATE(table<bool, bool>({{true, false}, {true, true}, {false, false}}));
  if (ipv6) {
    core::networkCreated(host.facts(), kWeb1, std::nullopt, net("2001:db8:0:1::101/128"));
  }
  if (ownGateway) {
    const NetworkId own("9999");
    core::NetworkReport bridge{.id = own, .name = "gw", .driver = "bridge"};
    listNetwork(host.facts(), bridge, false);
    report.attachments.push_back({own, kEp2, {}, ip("172.23.0.25"), {}});
  }
  host.container("start", kCtr1);
  host.inspect(report);
  REQUIRE(host.asks(gateway) == (ipv6 && !ownGateway));
  if (!host.asks(gateway)) return;
  core::NetworkReport found{.id = NetworkId("dd"), .name = "docker_gwbridge", .driver = "bridge"};
  found.options["com.docker.network.bridge.name"] = core::kSwarmGatewayBridge;
  host.answer(gateway, docker::Answer(found));
  CHECK(host.facts().bridges.contains(NetworkId("dd")));
  host.container("start", kCtr1);
  host.inspect(report);
  CHECK_FALSE(host.asks(gateway));
}

TEST_CASE("Dialogue.QueriesInFlightAreLimited_EventsBeforeLists") {
  DialogueHost host;
  host.connect();
  host.listNetworks({kWeb1Report});
  std::vector<core::ContainerReport> running;
  for (int i = 0; i < 100; ++i) {
    running.push_back(
        report(numbered(i), kWeb1, EndpointId("e" + std::to_string(i)), Health::None));
  }
  host.listContainers(running);
  CHECK(host.open.size() == docker::QuestionQueue::kAtOnce);
  for (int i = 1000; i < 3000; ++i) host.container("start", numbered(i));
  CHECK(host.open.size() == docker::QuestionQueue::kAtOnce);
  host.inspect(running.front());
  CHECK(host.asks(InspectContainer{numbered(1000)}));

  // Answer every query: each container is inspected exactly once, and the limit holds.
  std::size_t answered = 1;
  while (!host.open.empty()) {
    const auto id = std::get<InspectContainer>(host.open.begin()->second).id;
    auto plain = report(id, kWeb1, kEp1, Health::None);
    plain.attachments.clear();
    host.inspect(plain);
    CHECK(host.open.size() <= docker::QuestionQueue::kAtOnce);
    ++answered;
  }
  CHECK(answered == 2100);
}

TEST_CASE("Dialogue.InspectionsThatHangDelayOnlyThemselves") {
  ConnectedHost host;
  for (int i = 0; i < 12; ++i) host.container("start", numbered(i));  // never answered
  host.container("start", kCtr1);
  CHECK_FALSE(host.asks(InspectContainer{kCtr1}));
  host.pass(docker::QuestionQueue::kPatience);
  CHECK(host.asks(InspectContainer{kCtr1}));

  // The retries of the hanging inspections leave room for other queries.
  for (int second = 0; second < 60; ++second) {
    for (int i = 0; i < 12 && second % 10 == 9; ++i) {
      if (host.asks(InspectContainer{numbered(i)})) host.fail(InspectContainer{numbered(i)});
    }
    host.pass(1s);
  }
  host.container("start", kCtr2);
  CHECK(host.asks(InspectContainer{kCtr2}));
  CHECK(host.open.size() <= docker::QuestionQueue::kMost);
}

TEST_CASE("Dialogue.AFailedInspectionIsRepeatedWithBackoff_AndLoggedOnce") {
  ConnectedHost host;
  host.container("start", kCtr1);
  host.log.clear();
  auto wait = 200ms;
  for (int failure = 1; failure <= 12; ++failure) {
    REQUIRE(host.asks(InspectContainer{kCtr1}));
    host.fail(InspectContainer{kCtr1});
    CHECK(host.log.size() == (failure < 5 ? 0 : 1));
    host.pass(wait - 1ms);
    if (host.asks(ListNetworks{})) break;  // a list round retries at once
    CHECK_FALSE(host.asks(InspectContainer{kCtr1}));
    host.pass(1ms);
    wait = std::min(wait * 2, 30'000ms);
  }
  CHECK(host.logged("container c1: cannot be inspected: made to fail;") == false);
  CHECK(host.log.front().starts_with("container c10000000000: cannot be inspected: made to fail;"));
  host.listNetworks({kWeb1Report, kWeb2Report});
  host.listContainers({});
  host.inspect(report(kCtr1, kWeb1, kEp1, Health::None));
  CHECK(host.log.back() == "resolved: container c10000000000: inspected");
}

TEST_CASE("Dialogue.PendingRetriesStartWithTheNextList") {
  ConnectedHost host;
  host.container("start", kCtr1);
  for (int failure = 0; failure < 8; ++failure) {
    host.fail(InspectContainer{kCtr1});
    if (failure < 7) host.pass(30s);
    if (host.asks(ListNetworks{})) {
      host.listNetworks({kWeb1Report, kWeb2Report});
      host.listContainers({report(kCtr1, kWeb1, kEp1, Health::None)});
    }
  }
  CHECK_FALSE(host.asks(InspectContainer{kCtr1}));
  host.lose();
  host.connect();
  host.listNetworks({kWeb1Report, kWeb2Report});
  host.listContainers({report(kCtr1, kWeb1, kEp1, Health::None)});
  CHECK(host.asks(InspectContainer{kCtr1}));
}
