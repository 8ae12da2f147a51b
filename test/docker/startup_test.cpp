// Tests the start of a controller after a previous controller has announced VIPs, with a dockerd
// that does not answer for one container.
#include "docker/dialogue_host.hpp"

#include "support/catch.hpp"

using namespace bgplb;
using namespace bgplb::test;
using namespace std::chrono_literals;
using core::Health;
using docker::InspectContainer;
using docker::ListContainers;
using docker::ListNetworks;

namespace {

constexpr int kSigUsr2 = 12;
const char* const kMac1 = "02:00:00:00:00:01";
const char* const kMac2 = "02:00:00:00:00:02";
const Prefix kVip1 = net("10.0.0.101/32");
const Prefix kVip2 = net("10.0.0.102/32");

core::ContainerReport backend(const ContainerId& id, const NetworkId& network,
                              const EndpointId& endpoint, const char* lladdr,
                              Health health = Health::Healthy) {
  auto made = report(id, network, endpoint, health);
  made.attachments.front().mac = mac(lladdr);
  return made;
}

const core::ContainerReport kBackend1 = backend(kCtr1, kWeb1, kEp1, kMac1);
const core::ContainerReport kBackend2 = backend(kCtr2, kWeb2, kEp2, kMac2);

// A previous controller announced web1 with c1, and web2 with c2.
struct Former : DialogueHost {
  Former() {
    install(kWeb1, kVip1, {{kEp1, kMac1}});
    install(kWeb2, kVip2, {{kEp2, kMac2}});
  }
  void install(const NetworkId& id, const Prefix& vip,
               const std::vector<std::pair<EndpointId, const char*>>& backends) {
    auto& network = kernel.networks[core::bridgeName(id)];
    network.bridge = true;
    network.routes = {vip};
    core::Slot slot = 0;
    for (const auto& [endpoint, lladdr] : backends) {
      const Address via = core::nextHop(Family::V4, ++slot);
      network.veths.insert(core::vethHostName(endpoint));
      network.neighbors[via] = mac(lladdr);
      network.nextHops.insert(via);
      network.groups[Family::V4].insert(via);
      network.pinned.insert({vip, via});
      kernel.existing.insert(core::vethHostName(endpoint));
    }
    routing.unconfirmed.insert(vip);
  }
  void startUp(const std::vector<core::ContainerReport>& running, unsigned weight = 0) {
    if (open.empty()) connect();
    auto web1 = vipNetwork(kWeb1, "10.0.0.101/32");
    if (weight > 0) web1.options["bgplb.weight"] = std::to_string(weight);
    listNetworks({web1, vipNetwork(kWeb2, "10.0.0.102/32")});
    listContainers(running);
  }
  bool announced(const Prefix& vip) const { return routing.wanted.count(vip) > 0; }
  // BIRD may be reconfigured with the routes of this controller.
  bool routesComplete() { return facts().firstRoundOver; }
};

}  // namespace

TEST_CASE("Startup.RoutesAreCompleteWhenAllInspectionsHaveEnded_OrAfterTheDeadline") {
  Former host;
  host.connect();
  CHECK_FALSE(host.routesComplete());
  host.pass(60s);
  CHECK_FALSE(host.routesComplete());  // the lists have not arrived
  host.listNetworks({vipNetwork(kWeb1, "10.0.0.101/32"), vipNetwork(kWeb2, "10.0.0.102/32")});
  host.listContainers({kBackend1, kBackend2});
  host.inspect(kBackend1);
  CHECK_FALSE(host.routesComplete());
  SECTION("all inspections are answered") { host.inspect(kBackend2); }
  SECTION("one hangs") {
    host.pass(docker::EngineDialogue::kFirstRound - 1ms);
    CHECK_FALSE(host.routesComplete());
    host.pass(1ms);
  }
  SECTION("one fails") {
    host.fail(InspectContainer{kCtr2});
    CHECK_FALSE(host.routesComplete());
    host.pass(docker::EngineDialogue::kFirstRound);
  }
  CHECK(host.routesComplete());
  CHECK(host.announced(kVip1));
  CHECK(host.announced(kVip2));
}

TEST_CASE("Startup.RoutesAreCompleteAtOnceIfNoContainerIsListed") {
  Former host;
  host.startUp({});
  CHECK(host.routesComplete());
  CHECK(host.routing.wanted.empty());
}

TEST_CASE("Startup.AContainerThatCannotBeInspectedStaysAnnounced") {
  Former host;
  host.startUp({kBackend1, kBackend2});
  const auto before = host.kernel.networks;
  host.inspect(kBackend1);
  host.pass(30min);  // the inspection of c2 is never answered
  CHECK(host.announced(kVip2));
  host.routing.confirm();
  host.reconciler.touchUnconfirmed();
  host.pass(30min);
  CHECK(host.announced(kVip2));
  CHECK(host.kernel.networks == before);

  host.lose();  // another list round, and still no answer
  host.connect();
  host.startUp({kBackend1, kBackend2});
  host.pass(1min);
  CHECK(host.announced(kVip2));

  auto ill = kBackend2;
  ill.health = Health::Unhealthy;
  while (host.asks(InspectContainer{kCtr2})) host.inspect(ill);
  CHECK_FALSE(host.announced(kVip2));
}

TEST_CASE("Startup.AnEndedContainerIsWithdrawnWithoutWaitingForAnyAnswer") {
  Former host;
  host.startUp({kBackend1, kBackend2});
  SECTION("die") { host.container("die", kCtr2); }
  SECTION("destroy") { host.container("destroy", kCtr2); }
  SECTION("pause") { host.container("pause", kCtr2); }
  SECTION("unhealthy") { host.container("health_status: unhealthy", kCtr2); }
  SECTION("SIGKILL") { host.kill(kCtr2, 9); }
  SECTION("SIGUSR2") { host.kill(kCtr2, kSigUsr2); }
  SECTION("a new run") { host.container("start", kCtr2); }
  SECTION("Leave, then die") {
    host.reconciler.touch(core::endpointLeft(host.facts(), kWeb2, kEp2));
    REQUIRE(host.reconciler.settle(kWeb2, host.now));
    CHECK_FALSE(host.announced(kVip2));
    host.container("die", kCtr2);
  }
  CHECK_FALSE(host.announced(kVip2));
  CHECK(host.announced(kVip1));  // the inspection of c1 is not answered either
  CHECK(host.routesComplete());  // BIRD is reconfigured at once
}

TEST_CASE("Startup.AContainerThatIsNotListedIsWithdrawn") {
  Former host;
  host.startUp({kBackend1});
  host.inspect(kBackend1);
  CHECK(host.announced(kVip1));
  CHECK_FALSE(host.announced(kVip2));
}

TEST_CASE("Startup.AnEventOfOneContainerDoesNotWaitForTheAnswersAboutOthers") {
  Former host;
  const auto starting = backend(kCtr1, kWeb1, kEp1, kMac1, Health::Starting);
  host.kernel.networks[core::bridgeName(kWeb1)]
      .routes.clear();  // the previous controller did not announce web1
  host.startUp({starting, kBackend2});
  host.inspect(starting);
  CHECK_FALSE(host.announced(kVip1));
  CHECK_FALSE(host.routesComplete());
  host.container("health_status: healthy", kCtr1);
  CHECK(host.announced(kVip1));
  CHECK(host.routesComplete());
  CHECK(host.announced(kVip2));
}

TEST_CASE("Startup.ABackendWhoseInspectionIsNotAnsweredKeepsItsShare") {
  Former host;
  host.install(kWeb1, kVip1, {{kEp1, kMac1}, {EndpointId("e3e3e3e3e3e3"), "02:00:00:00:00:03"}});
  const auto third =
      backend(ContainerId("c3"), kWeb1, EndpointId("e3e3e3e3e3e3"), "02:00:00:00:00:03");
  host.startUp({kBackend1, third}, 5);
  host.inspect(kBackend1);
  host.pass(10s);
  const auto& group = host.kernel.networks[core::bridgeName(kWeb1)].groups.at(Family::V4);
  CHECK(group.size() == 2);
  CHECK(host.routing.bandwidths.at(kVip1) == 10);

  host.container("health_status: unhealthy", kCtr1);
  CHECK(host.kernel.networks[core::bridgeName(kWeb1)].groups.at(Family::V4) ==
        std::set<Address>{core::nextHop(Family::V4, 2)});
  CHECK(host.routing.bandwidths.at(kVip1) == 5);
}

TEST_CASE("Startup.AContainerThatWasNotAnnouncedIsNotAnnouncedBeforeItsInspection") {
  Former host;
  SECTION("its VIP has no route") { host.kernel.networks[core::bridgeName(kWeb2)].routes.clear(); }
  SECTION("BIRD has withdrawn it, and its route remains for the drain grace") {
    host.routing.unconfirmed.erase(kVip2);
  }
  SECTION("it got no new connections") {
    auto& web2 = host.kernel.networks[core::bridgeName(kWeb2)];
    const Address other = core::nextHop(Family::V4, 7);
    web2.neighbors[other] = mac("02:00:00:00:00:07");
    web2.nextHops.insert(other);
    web2.groups[Family::V4] = {other};
  }
  SECTION("it was drained") {
    host.reconciler.resumeDrains({{kCtr2, {{.terminateAt = host.now + 1s}, "run 1"}}});
  }
  host.startUp({kBackend1, kBackend2});
  host.inspect(kBackend1);
  host.pass(10s);
  CHECK_FALSE(host.announced(kVip2));
}

TEST_CASE("Startup.TheListsAttachAContainerThatWasInspectedBeforeItsNetworkWasKnown") {
  Former host;
  const EndpointId third("e3e3e3e3e3e3");
  auto both = kBackend1;
  both.attachments.push_back({kWeb2, third, {}, {}, {}});
  host.connect();
  core::networkCreated(host.facts(), kWeb2, kVip2, std::nullopt);
  host.container("start", kCtr1);
  host.inspect(both);  // web1 is not known to be a VIP network yet
  CHECK(host.facts().containers.at(kCtr1).attached.size() == 1);
  host.listNetworks({vipNetwork(kWeb1, "10.0.0.101/32"), vipNetwork(kWeb2, "10.0.0.102/32")});
  host.listContainers({both});
  CHECK(host.facts().containers.at(kCtr1).attached.size() == 2);  // independent of the next answer
}

TEST_CASE("Startup.AListOlderThanDeleteEndpointDoesNotAttachTheContainerAgain") {
  Former host;
  host.startUp({kBackend1});
  host.inspect(kBackend1);
  host.pass(60s);
  host.listNetworks({vipNetwork(kWeb1, "10.0.0.101/32")});
  host.reconciler.touch(core::endpointDeleted(host.facts(), kEp1));
  host.listContainers({kBackend1});
  CHECK(host.facts().endpoints.empty());
}

// ---- drains

TEST_CASE("Drain.AnUnrelatedContainerNeverGetsSigterm") {
  Former host;
  const ContainerId php("php");
  auto unrelated = report(php, kWeb1, kEp1, Health::None);
  unrelated.attachments.clear();
  SECTION("SIGUSR2 before the first lists") {
    host.connect();
    host.kill(php, kSigUsr2);
    host.startUp({unrelated});
  }
  SECTION("SIGUSR2 between the requests of the lists and their replies") {
    host.connect();
    host.listNetworks({vipNetwork(kWeb1, "10.0.0.101/32")});
    host.kill(php, kSigUsr2);
    host.listContainers({unrelated});
    REQUIRE(host.asks(InspectContainer{php}));
    const bool answers = GENERATE(true, false);
    if (answers) host.inspect(unrelated);
  }
  SECTION("SIGUSR2 right after its own start") {
    host.startUp({});
    host.container("start", php);
    host.kill(php, kSigUsr2);
    host.inspect(unrelated);  // this answer is older than the signal
    const bool answers = GENERATE(true, false);
    if (answers) host.inspect(unrelated);
  }
  SECTION("SIGUSR2 at any other time") {
    host.startUp({});
    host.kill(php, kSigUsr2);
  }
  host.pass(1min);
  CHECK(host.engine.terminated.empty());
  CHECK(host.store.saves == 0);
  CHECK(host.facts().containers.count(php) == (host.asks(InspectContainer{php}) ? 1 : 0));
}

TEST_CASE("Drain.UnknownContainersAreInspectedInTheFirstRound_AndDrained") {
  Former host;
  host.connect();
  host.kill(kCtr1, kSigUsr2);
  host.listNetworks({vipNetwork(kWeb1, "10.0.0.101/32")});
  host.listContainers({kBackend1});
  REQUIRE(host.asks(InspectContainer{kCtr1}));
  host.pass(10s);
  CHECK(host.engine.terminated.empty());  // dockerd has not confirmed that c1 is on a VIP network
  host.inspect(kBackend1);
  host.pass(0s);
  CHECK(host.engine.terminated == std::vector<std::string>{kCtr1.value});
  CHECK(host.store.drains.at(kCtr1).startedAt == kBackend1.startedAt);
  CHECK(host.store.drains.at(kCtr1).drain.terminated);
}

TEST_CASE("Drain.WithoutTheSettingSigusr2IsAnOrdinarySignal") {
  Former host;
  host.policy.drainOnSigusr2 = false;
  host.reconciler.setPolicy(host.policy);
  auto stopsByIt = kBackend2;
  stopsByIt.stopSignal = kSigUsr2;
  host.startUp({kBackend1, stopsByIt});
  host.inspect(kBackend1);
  host.inspect(stopsByIt);
  host.kill(kCtr1, kSigUsr2);
  host.kill(kCtr2, kSigUsr2);
  CHECK(host.announced(kVip1));
  CHECK_FALSE(host.announced(kVip2));  // SIGUSR2 is the stop signal of c2
  CHECK(host.facts().draining.empty());
}
