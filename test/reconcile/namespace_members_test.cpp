// Containers that share the network namespace of a container on a VIP network: a holder, which has
// the VIP, and the server.
#include "core/namespace_members.hpp"

#include "reconcile/web1_host.hpp"
#include "support/catch.hpp"

using namespace bgplb;
using namespace bgplb::test;
using namespace std::chrono_literals;
using core::Health;

namespace {

constexpr int kSigTerm = 15;
const ContainerId kApp{"a100000000000000"};
const ContainerId kLogger{"a200000000000000"};

// A holder without a health check, on web1.
struct Namespace : Host {
  std::string holderStarted = "2026-11-22T20:00:00Z";

  Namespace() {
    create();
    join(kEp1, "02:00:00:00:00:01");
    reportHolder();
  }
  void reportHolder() {
    auto holder = test::report(kCtr1, kWeb1, kEp1, Health::None);
    holder.startedAt = holderStarted;
    touch(core::containerReported(facts(), holder, now));
  }
  static core::ContainerReport member(const ContainerId& id, Health health) {
    core::ContainerReport made;
    made.id = id;
    made.name = "member-" + id.value.substr(0, 2);
    made.run = core::RunState::Running;
    made.health = health;
    made.server = true;
    made.startedAt = "2026-11-22T20:00:00.5Z";
    made.namespaceOf = kCtr1.value;
    return made;
  }
  void inspected(const core::ContainerReport& report) {
    touch(core::containerReported(facts(), report, now));
  }
  // docker run --network container:ctr-c1
  void run(const ContainerId& id, Health health) {
    touch(core::containerStarted(facts(), id, now));
    inspected(member(id, health));
  }
  void becomes(const ContainerId& id, Health health) {
    touch(core::containerHealth(facts(), id, health, now));
  }
  void dies(const ContainerId& id) { touch(core::containerDied(facts(), id, now)); }
  void remove(const ContainerId& id) { touch(core::containerDestroyed(facts(), id)); }
  core::Readiness state() { return core::readiness(facts(), kEp1, {}, reconciler.policy(), now); }
  core::ListedContainer holder() const {
    return listed(test::report(kCtr1, kWeb1, kEp1, Health::None));
  }
};

}  // namespace

TEST_CASE("NamespaceMembers.AHolderAloneIsReadyAsBefore") {
  Namespace host;
  CHECK(host.announced());
  CHECK(core::allMembers(host.facts(), kCtr1).empty());
}

TEST_CASE("NamespaceMembers.AServerThatIsNotReadyWithdraws") {
  Namespace host;
  host.run(kApp, Health::Starting);
  CHECK_FALSE(host.announced());
  CHECK(host.state() == core::Readiness::Starting);
  host.becomes(kApp, Health::Healthy);
  CHECK(host.announced());
  SECTION("unhealthy") {
    host.becomes(kApp, Health::Unhealthy);
    CHECK_FALSE(host.announced());
    CHECK(host.state() == core::Readiness::Unhealthy);
    host.becomes(kApp, Health::Healthy);
  }
  SECTION("paused") {
    host.touch(core::containerPaused(host.facts(), kApp, true, host.now));
    CHECK_FALSE(host.announced());
    host.touch(core::containerPaused(host.facts(), kApp, false, host.now));
  }
  SECTION("it dies, and starts again") {
    host.dies(kApp);
    CHECK_FALSE(host.announced());
    CHECK(host.state() == core::Readiness::Stopped);
    host.touch(core::containerStarted(host.facts(), kApp, host.now));
    CHECK_FALSE(host.announced());
    host.inspected(Namespace::member(kApp, Health::Healthy));
  }
  SECTION("it receives SIGTERM") {
    host.signal(kApp, kSigTerm);
    CHECK_FALSE(host.announced());
    CHECK(host.state() == core::Readiness::Stopping);
    host.later(10s);  // its stop timeout
  }
  SECTION("the second server of the namespace is unhealthy") {
    host.run(kLogger, Health::Unhealthy);
    CHECK_FALSE(host.announced());
    host.becomes(kLogger, Health::Healthy);
  }
  CHECK(host.announced());
}

TEST_CASE("NamespaceMembers.ADeadServerCountsUntilTheHolderRestarts") {
  Namespace host;
  host.run(kApp, Health::Healthy);
  enum class Ended { WithAnEvent, AndRemoved, MissingInTheLists };
  const auto how = GENERATE(Ended::WithAnEvent, Ended::AndRemoved, Ended::MissingInTheLists);
  CAPTURE(how);
  if (how != Ended::MissingInTheLists) host.dies(kApp);
  if (how == Ended::AndRemoved) {
    host.remove(kApp);
    CHECK(core::lostMember(host.facts(), kCtr1) == "member-a1");
  }
  for (int i = 0; i < 4; ++i) {  // the list has only running containers
    host.touch(listContainers(host.facts(), {host.holder()}, host.now));
  }
  CHECK_FALSE(host.announced());
  SECTION("the holder restarts") {
    host.touch(core::containerDied(host.facts(), kCtr1, host.now));
    host.touch(core::containerStarted(host.facts(), kCtr1, host.now));
    host.holderStarted = "2026-11-22T20:05:00Z";
    host.reportHolder();
    CHECK(host.announced());
  }
  SECTION("another container takes its place") {
    host.remove(kApp);
    host.run(kLogger, Health::Healthy);
    CHECK(host.announced());
  }
}

TEST_CASE("NamespaceMembers.ARemovedOneOfTwoServersDoesNotCount") {
  Namespace host;
  host.run(kApp, Health::Healthy);
  host.run(kLogger, Health::Healthy);
  host.dies(kLogger);
  CHECK_FALSE(host.announced());
  host.remove(kLogger);
  CHECK(host.announced());
}

TEST_CASE("NamespaceMembers.AToolDoesNotCount") {
  Namespace host;
  const auto changes = host.routing.unconfirmed.size();
  host.touch(core::containerStarted(host.facts(), kApp, host.now));
  auto tool = Namespace::member(kApp, Health::None);
  tool.server = false;
  host.inspected(tool);
  CHECK(host.announced());
  SECTION("it ends and is removed") {
    host.dies(kApp);
    CHECK(host.announced());
    host.remove(kApp);
  }
  SECTION("it is stopped") {
    host.signal(kApp, kSigTerm);
    host.dies(kApp);
  }
  SECTION("it starts again") {
    host.dies(kApp);
    host.touch(core::containerStarted(host.facts(), kApp, host.now));
  }
  SECTION("SIGUSR2 does not drain it") {
    host.signal(kApp, kSigUsr2);
    host.later(10s);
    CHECK(host.engine.terminated.empty());
  }
  CHECK(host.announced());
  CHECK(host.routing.unconfirmed.size() == changes);
}

TEST_CASE("NamespaceMembers.Sigusr2ToTheServerDrainsTheVip") {
  Namespace host;
  auto app = Namespace::member(kApp, Health::Healthy);
  app.stopSignal = 3;
  host.touch(core::containerStarted(host.facts(), kApp, host.now));
  host.inspected(app);
  host.signal(kApp, kSigUsr2);
  CHECK_FALSE(host.announced());
  CHECK(host.state() == core::Readiness::Drained);
  host.later(4900ms);
  CHECK(host.engine.terminated.empty());
  host.later(100ms);
  REQUIRE(host.engine.terminated.size() == 1);
  CHECK(host.engine.terminated.front() == kApp.value);
  CHECK(host.engine.lastSignal == 3);  // its own stop signal
  CHECK(host.store.drains.contains(kApp));
}

TEST_CASE("NamespaceMembers.AMemberOfTheHoldersFormerNamespaceDoesNotCount") {
  Namespace host;
  host.run(kApp, Health::Healthy);
  host.touch(core::containerDied(host.facts(), kCtr1, host.now));
  host.touch(core::containerStarted(host.facts(), kCtr1, host.now));
  host.holderStarted = "2026-11-22T20:05:00Z";
  host.reportHolder();
  CHECK(host.announced());
  host.dies(kApp);
  CHECK(host.announced());
  // It starts again, in the new namespace.
  host.touch(core::containerStarted(host.facts(), kApp, host.now));
  CHECK_FALSE(host.announced());
  auto app = Namespace::member(kApp, Health::Healthy);
  app.startedAt = "2026-11-22T20:06:00Z";
  host.inspected(app);
  CHECK(host.announced());
  host.becomes(kApp, Health::Unhealthy);
  CHECK_FALSE(host.announced());
}

// Docker cuts trailing zeros of the fraction.
TEST_CASE("NamespaceMembers.StartTimesAreComparedAsTimes") {
  const auto* const holder = GENERATE("2026-11-22T20:00:00Z", "2026-11-22T20:00:00.12Z");
  Namespace host;
  host.holderStarted = holder;
  host.reportHolder();
  auto app = Namespace::member(kApp, Health::Unhealthy);
  const auto [started, counts] =
      GENERATE(table<const char*, bool>({{"2026-11-22T20:00:00.123Z", true},
                                         {"2026-11-22T19:59:59.9Z", false},
                                         {"2026-11-22T20:00:01Z", true}}));
  app.startedAt = started;
  host.inspected(app);
  CHECK(core::isServingMember(host.facts(), kApp) == counts);
}

TEST_CASE("NamespaceMembers.AreFoundByWhatTheNetworkModeNames") {
  Namespace host;
  auto app = Namespace::member(kApp, Health::Unhealthy);
  SECTION("id") { app.namespaceOf = kCtr1.value; }
  SECTION("short id") { app.namespaceOf = kCtr1.value.substr(0, 12); }
  SECTION("name") { app.namespaceOf = "ctr-c1"; }
  host.inspected(app);
  CHECK_FALSE(host.announced());
}

TEST_CASE("NamespaceMembers.OfOtherContainersAreForgotten") {
  Namespace host;
  auto app = Namespace::member(kApp, Health::Unhealthy);
  app.namespaceOf = "ffff";
  host.inspected(app);
  CHECK(host.announced());
  CHECK_FALSE(host.facts().containers.contains(kApp));
}

TEST_CASE("NamespaceMembers.AreFoundInTheListsAtAStart") {
  core::Facts facts;
  core::NetworkReport network{.id = kWeb1, .name = "web1", .driver = "bgplb"};
  network.subnets = {net("10.0.0.101/32")};
  listNetworks(facts, {network}, {kWeb1});
  const auto app = Namespace::member(kApp, Health::Healthy);
  const auto holder = test::report(kCtr1, kWeb1, kEp1, Health::None);
  const core::TimePoint now = core::TimePoint{} + 100h;
  listContainers(facts, {listed(app), listed(holder)}, now);  // Docker lists the newest first
  const auto state = [&] { return core::readiness(facts, kEp1, {}, kPolicy, now); };
  core::containerReported(facts, holder, now);
  CHECK(state() == core::Readiness::NotAsked);
  CHECK(core::isUndecided(facts, kEp1, kPolicy, now));  // a previous announcement stays
  core::containerReported(facts, app, now);
  CHECK(state() == core::Readiness::Ready);
  core::containerHealth(facts, kApp, Health::Unhealthy, now);
  CHECK(state() == core::Readiness::Unhealthy);
}

TEST_CASE("NamespaceMembers.OfARemovedHolderAreForgotten") {
  Namespace host;
  host.run(kApp, Health::Healthy);
  host.touch(core::containerDestroyed(host.facts(), kCtr1));
  host.touch(
      listContainers(host.facts(), {listed(Namespace::member(kApp, Health::Healthy))}, host.now));
  CHECK(host.facts().members.empty());
  CHECK_FALSE(host.facts().containers.contains(kApp));
}
