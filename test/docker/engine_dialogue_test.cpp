// Tests the decisions of EngineDialogue: when it sends which query, and which answers it uses.
#include "core/vip.hpp"
#include "docker/dialogue_host.hpp"

#include "support/catch.hpp"

using namespace bgplb;
using namespace bgplb::test;
using namespace std::chrono_literals;
using core::Health;
using docker::InspectContainer;
using docker::InspectNetwork;
using docker::ListContainers;
using docker::ListNetworks;

namespace {

const NetworkId kGateway{"9999"};

core::NetworkReport gateway() {
  core::NetworkReport report{.id = kGateway, .name = "gw", .driver = "bridge"};
  report.subnets = {net("172.23.0.0/24")};
  report.labels["bgplb_advertise"] = "true";
  return report;
}

}  // namespace

// ---- the lists

TEST_CASE("Dialogue.AFailedListIsRepeatedAfterAQuarterOfASecond_ThenWithBackoff") {
  DialogueHost host;
  host.connect();
  REQUIRE(host.asks(ListNetworks{}));
  host.fail(ListNetworks{});
  for (const auto wait : {250ms, 500ms, 1000ms}) {
    CHECK_FALSE(host.asks(ListNetworks{}));
    host.pass(wait - 1ms);
    CHECK_FALSE(host.asks(ListNetworks{}));
    host.pass(1ms);
    REQUIRE(host.asks(ListNetworks{}));
    const bool second = wait == 500ms;  // the second retry fails at its second query
    if (second) host.listNetworks({});
    second ? host.fail(ListContainers{}) : host.fail(ListNetworks{});
  }
  host.pass(2000ms);
  host.listNetworks({});
  host.listContainers({});
  CHECK(host.listed);
  host.pass(59'999ms);
  CHECK_FALSE(host.asks(ListNetworks{}));
  host.pass(1ms);
  host.fail(ListNetworks{});
  host.pass(250ms);  // the backoff has started again
  CHECK(host.asks(ListNetworks{}));
}

TEST_CASE("Dialogue.ListsAreReadAgainAfterAMinute_ThenEveryThree") {
  ConnectedHost host;
  host.pass(60s);
  host.listNetworks({});
  host.listContainers({});
  host.pass(179'999ms);
  CHECK_FALSE(host.asks(ListNetworks{}));
  host.pass(1ms);
  CHECK(host.asks(ListNetworks{}));
}

TEST_CASE("Dialogue.AnAnswerOfAnAbandonedRoundIsIgnored_AndListsInFlightAreLimited") {
  DialogueHost host;
  for (int i = 0; i < 5; ++i) {
    host.connect();
    host.lose();
  }
  CHECK(host.count(ListNetworks{}) == docker::ListRound::kMostCalls);
  host.connect();
  host.listNetworks({kWeb1Report});  // requested before the stream was connected
  CHECK(host.facts().networks.empty());
  CHECK_FALSE(host.asks(ListContainers{}));
  host.listNetworks({kWeb1Report});
  CHECK(host.asks(ListContainers{}));
}

TEST_CASE("Dialogue.NoListsBeforeTheDriversNameIsKnown") {
  core::Facts facts;
  core::Policy policy;
  docker::EngineDialogue dialogue(facts, policy, {.driverName = "", .pluginId = "p1"});
  const core::TimePoint now = core::TimePoint{} + 100h;
  auto first = dialogue.streamConnected(now);
  REQUIRE(first.calls.size() == 1);
  CHECK(first.calls.front().question == docker::Question(docker::InspectPlugin{"p1"}));
  const auto failed = dialogue.answered(first.calls.front().number, transient("no"), now);
  CHECK(failed.calls
            .empty());  // the plugin's networks would not be recognised and would be withdrawn
  auto second = dialogue.timePassed(now + 250ms);
  REQUIRE(second.calls.size() == 1);
  const auto named =
      dialogue.answered(second.calls.front().number, docker::Answer(std::string("x:latest")), now);
  REQUIRE(named.calls.size() == 1);
  CHECK(named.calls.front().question == docker::Question(ListNetworks{}));
  CHECK(dialogue.driverName() == "x:latest");
}

TEST_CASE("Dialogue.AProblemIsLoggedOncePerSource_AndWhenItIsResolved") {
  DialogueHost host;
  host.connect();
  host.fail(ListNetworks{});
  host.lose();
  host.lose();
  CHECK(host.log ==
        std::vector<std::string>{
            "docker: event stream connected",
            "docker: cannot list networks and containers: made to fail; keeping "
            "current announcements, retrying",
            "docker: event stream lost: gone; keeping current announcements, reconnecting"});
  host.log.clear();
  host.connect();
  CHECK(host.log == std::vector<std::string>{"resolved: docker: event stream connected"});
  host.listNetworks({});
  host.lose();
  host.log.clear();
  host.connect();
  host.listNetworks({});
  host.listContainers({});
  CHECK(host.log ==
        std::vector<std::string>{"resolved: docker: event stream connected",
                                 "resolved: docker: networks and containers are listed"});
}

TEST_CASE("Dialogue.TheNextStreamBeginsAfterTheLastEventOfThePreviousOne") {
  ConnectedHost host;
  CHECK_FALSE(host.dialogue.replaySince());
  host.apply(host.dialogue.event({.type = "container",
                                  .action = "start",
                                  .id = "c1",
                                  .attributes = {},
                                  .timeNano = 1'700'000'000'000'000'005},
                                 host.now));
  host.lose();
  CHECK(host.dialogue.replaySince() == 1'700'000'000'000'000'006);
}

// ---- an answer that is older than an event or a plugin call

TEST_CASE("Dialogue.ANetworkRemovedAfterTheListWasRequestedStaysRemoved") {
  DialogueHost host;
  core::networkCreated(host.facts(), kWeb1, net("10.0.0.101/32"), std::nullopt);
  host.connect();
  host.reconciler.touch(core::networkDeleted(host.facts(), kWeb1));
  host.listNetworks({kWeb1Report});
  host.listContainers({});
  CHECK(host.facts().networks.empty());
  CHECK(core::checkHolder(host.facts(), kWeb2, net("10.0.0.101/32")));
  // The next list is newer than the call.
  host.pass(60s);
  host.listNetworks({kWeb1Report});
  host.listContainers({});
  CHECK(host.facts().networks.count(kWeb1) == 1);
}

TEST_CASE("Dialogue.AGatewayNetworkCreatedAfterTheListWasRequestedStaysAnnounced") {
  ConnectedHost host;
  host.pass(60s);
  host.event("network", "create", kGateway.value, {{"type", "bridge"}});
  host.answer(InspectNetwork{kGateway}, docker::Answer(gateway()));
  CHECK(host.routing.wanted == std::set<Prefix>{net("172.23.0.0/24")});
  host.listNetworks({});
  host.listContainers({});
  CHECK(host.routing.wanted == std::set<Prefix>{net("172.23.0.0/24")});
}

TEST_CASE("Dialogue.AGatewayNetworkDestroyedAfterTheAnswerWasRequestedStaysWithdrawn") {
  ConnectedHost host;
  host.pass(60s);
  host.event("network", "create", kGateway.value, {{"type", "bridge"}});
  host.event("network", "destroy", kGateway.value, {{"type", "bridge"}});
  SECTION("by the list") {
    host.listNetworks({gateway()});
    host.listContainers({});
  }
  SECTION("by its inspection, which is repeated") {
    host.answer(InspectNetwork{kGateway}, docker::Answer(gateway()));
    CHECK(host.asks(InspectNetwork{kGateway}));
    host.answer(InspectNetwork{kGateway}, notFound("no such network"));
  }
  CHECK(host.routing.wanted.empty());
}

TEST_CASE("Dialogue.AnInspectionOlderThanAPluginCallIsNotUsed") {
  ConnectedHost host;
  core::networkCreated(host.facts(), kGateway, net("10.0.0.109/32"), std::nullopt);
  host.event("network", "create", kGateway.value, {{"type", "bgplb"}});
  host.reconciler.touch(core::networkDeleted(host.facts(), kGateway));
  host.answer(InspectNetwork{kGateway}, docker::Answer(vipNetwork(kGateway, "10.0.0.109/32")));
  CHECK(host.facts().networks.count(kGateway) == 0);
}

TEST_CASE("Dialogue.RemovedNetworksAreForgottenAfterTheNextList") {
  ConnectedHost host;
  for (int i = 0; i < 100; ++i) {
    const NetworkId id("n" + std::to_string(i));
    host.event("network", "create", id.value, {{"type", "bridge"}});
    host.event("network", "destroy", id.value, {{"type", "bridge"}});
    while (host.asks(InspectNetwork{id})) host.answer(InspectNetwork{id}, notFound("gone"));
  }
  host.pass(60s);
  host.listNetworks({kWeb1Report});
  host.listContainers({});
  CHECK(host.facts().networkChangedIn.size() <= 1);
}

TEST_CASE("Dialogue.AContainerDestroyedAfterTheListWasRequestedIsNotRunning") {
  ConnectedHost host;
  host.container("start", kCtr1);
  host.inspect(report(kCtr1, kWeb1, kEp1, Health::None));
  host.pass(60s);
  host.listNetworks({kWeb1Report, kWeb2Report});
  host.container("die", kCtr1);
  host.container("destroy", kCtr1);
  host.listContainers({report(kCtr1, kWeb1, kEp1, Health::None)});
  CHECK(host.facts().containers.at(kCtr1).run == core::RunState::Stopped);
}

TEST_CASE("Dialogue.ContainersThatEndedWithoutAnEventAreForgottenAfterTwoLists") {
  ConnectedHost host;
  host.container("start", kCtr1);
  host.inspect(report(kCtr1, kWeb1, kEp1, Health::None));
  host.lose();  // the `die` and `destroy` events are lost
  host.connect();
  host.listNetworks({kWeb1Report, kWeb2Report});
  host.listContainers({});
  CHECK(host.facts().containers.at(kCtr1).run == core::RunState::Stopped);
  host.pass(180s);
  host.listNetworks({kWeb1Report, kWeb2Report});
  host.listContainers({});
  CHECK(host.facts().containers.empty());
}

// Before the first lists, any container may be on a VIP network.
TEST_CASE("Dialogue.ContainersOfEventsBeforeTheListsAreForgotten_IfTheyAreOnNoVipNetwork") {
  DialogueHost host;
  host.connect();
  host.container("health_status: healthy", kCtr1);
  host.container("start", kCtr2);
  host.container("die", kCtr2);
  CHECK(host.facts().containers.size() == 2);
  auto unrelated = report(kCtr1, kWeb1, kEp1, Health::Healthy);
  unrelated.attachments.clear();
  for (int round = 0; round < 3; ++round) {
    host.listNetworks({kWeb1Report});
    host.listContainers({unrelated});
    if (host.asks(InspectContainer{kCtr1})) host.inspect(unrelated);
    host.pass(180s);
  }
  CHECK(host.facts().containers.empty());
}

// The content of a skipped event is unknown: the event may report the end of any container.
TEST_CASE("Dialogue.ListsAreReadSoonAfterASkippedEvent_AndOnceForMany") {
  ConnectedHost host;
  for (int event = 0; event < 5; ++event) host.apply(host.dialogue.eventSkipped(host.now));
  CHECK_FALSE(host.asks(ListNetworks{}));
  host.pass(250ms);
  CHECK(host.count(ListNetworks{}) == 1);

  host.apply(host.dialogue.eventSkipped(host.now));  // during the round
  host.listNetworks({kWeb1Report});
  host.listContainers({});
  CHECK_FALSE(host.asks(ListNetworks{}));
  host.pass(250ms);
  CHECK(host.count(ListNetworks{}) == 1);
  host.listNetworks({kWeb1Report});
  host.listContainers({});
  host.pass(59s);
  CHECK_FALSE(host.asks(ListNetworks{}));
}

TEST_CASE("Dialogue.AnInspectionOlderThanAnEventIsRepeated") {
  ConnectedHost host;
  host.container("start", kCtr1);
  host.container("health_status: unhealthy", kCtr1);
  host.inspect(report(kCtr1, kWeb1, kEp1, Health::Healthy));
  CHECK_FALSE(host.facts().containers.at(kCtr1).asked);
  REQUIRE(host.asks(InspectContainer{kCtr1}));
  host.inspect(report(kCtr1, kWeb1, kEp1, Health::Unhealthy));
  CHECK(host.facts().containers.at(kCtr1).asked);
  CHECK(host.open.empty());
}

TEST_CASE("Dialogue.TwoNetworksConnectedInSuccessionAreBothFound") {
  ConnectedHost host;
  host.attachment("connect", kWeb1, kCtr1);
  host.attachment("connect", kWeb2, kCtr1);
  host.inspect(
      report(kCtr1, kWeb1, kEp1, Health::None));  // dockerd answered between the two events
  REQUIRE(host.asks(InspectContainer{kCtr1}));
  auto both = report(kCtr1, kWeb1, kEp1, Health::None);
  both.attachments.push_back({kWeb2, kEp2, {}, {}, {}});
  host.inspect(both);
  CHECK(host.facts().containers.at(kCtr1).attached.size() == 2);
}

TEST_CASE("Dialogue.NetworksOfOtherPluginsAreKnown_FromListsAndEvents") {
  ConnectedHost host;
  CHECK(host.facts().others.empty());
  const NetworkId id("0ther00000000000");
  core::NetworkReport other{.id = id, .name = "web9", .driver = "old:latest"};
  other.subnets = {net("10.0.0.109/32")};
  host.event("network", "create", id.value, {{"type", "old:latest"}});
  host.answer(docker::InspectNetwork{id}, docker::Answer(other));
  CHECK(host.facts().others ==
        std::map<NetworkId, core::OtherNetwork>{{id, {"web9", "old:latest", other.subnets}}});
  host.event("network", "destroy", id.value, {{"type", "old:latest"}});
  CHECK(host.facts().others.empty());

  host.pass(60s);
  host.listNetworks({kWeb1Report, kWeb2Report, other});
  host.listContainers({});
  CHECK(host.facts().others.contains(id));
  host.pass(180s);
  host.listNetworks({kWeb1Report, kWeb2Report});
  host.listContainers({});
  CHECK(host.facts().others.empty());
}
