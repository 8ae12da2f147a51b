#include "reconcile/garbage.hpp"

#include "fakes/fake_world.hpp"
#include "support/build.hpp"
#include "support/catch.hpp"

using namespace bgplb;
using namespace bgplb::test;
using namespace std::chrono_literals;

namespace {

const NetworkId kGone("dead00000000beef");

struct Leftovers {
  core::Facts facts;
  FakeKernel kernel;
  reconcile::Garbage garbage{facts, kernel};
  core::TimePoint now = core::TimePoint{} + 100h;
  const std::string dead = core::bridgeName(kGone);
  const std::string alive = core::bridgeName(kWeb1);

  Leftovers() {
    facts.listed = true;
    core::networkCreated(facts, kWeb1, net("10.0.0.101/32"), std::nullopt);
    facts.networks[kWeb1].listed = true;
    kernel.networks[dead].bridge = true;
    kernel.networks[alive].bridge = true;
  }
  void collect(std::chrono::seconds later, std::set<std::string> inUse = {}) {
    now += later;
    garbage.collect(inUse, now);
  }
  bool has(const std::string& bridge) { return kernel.observe(bridge).bridge; }
};

}  // namespace

TEST_CASE("Garbage.AnUnknownBridgeIsRemoved_AfterTwoListsWithoutIt") {
  Leftovers host;
  host.collect(0s);
  host.collect(49s);
  CHECK(host.has(host.dead));
  host.collect(1s);
  CHECK_FALSE(host.has(host.dead));
  CHECK(host.has(host.alive));
}

TEST_CASE("Garbage.NothingIsRemovedBeforeTheFirstLists") {
  Leftovers host;
  host.facts.listed = false;
  host.collect(0s);
  host.collect(100s);
  CHECK(host.has(host.dead));
}

TEST_CASE("Garbage.ABridgeInUseStays") {
  Leftovers host;
  host.collect(0s, {host.dead});
  host.collect(100s, {host.dead});
  CHECK(host.has(host.dead));
}

TEST_CASE("Garbage.ALeftoverThatWasKnownInBetweenGetsANewAge") {
  Leftovers host;
  host.collect(0s);
  core::networkCreated(host.facts, kGone, net("10.0.0.9/32"), std::nullopt);
  host.facts.networks[kGone].listed = true;
  host.collect(60s);
  core::networkDeleted(host.facts, kGone);
  host.collect(1s);
  CHECK(host.has(host.dead));
}

TEST_CASE("Garbage.RemovesUnlistedNetworks_ExceptThoseWithEndpoints") {
  Leftovers host;
  host.facts.networks[kWeb1].listed = false;
  const bool used = GENERATE(true, false);
  if (used) {
    core::endpointCreated(host.facts, kWeb1, kEp1, std::nullopt, std::nullopt, std::nullopt);
    host.kernel.existing.insert(core::vethHostName(kEp1));
  }
  host.collect(0s);
  host.collect(60s);
  CHECK(host.facts.networks.count(kWeb1) == (used ? 1 : 0));
}

TEST_CASE("Garbage.RemovesEndpointsWithoutLinkAndContainer") {
  Leftovers host;
  core::endpointCreated(host.facts, kWeb1, kEp1, std::nullopt, std::nullopt, std::nullopt);
  core::endpointLink(host.facts, kEp1, core::LinkState::Joined);
  const bool attached = GENERATE(true, false);
  if (attached) {
    core::containerReported(host.facts, report(kCtr1, kWeb1, kEp1, core::Health::None), host.now);
  }
  host.collect(0s);
  host.collect(60s);
  CHECK(host.facts.endpoints.count(kEp1) == (attached ? 1 : 0));
}

TEST_CASE("Garbage.ABridgeStaysUntilItsPortsAreRemoved") {
  struct WithPort : FakeKernel {
    std::set<std::string> ownLinks() const override {
      auto links = FakeKernel::ownLinks();
      links.insert(existing.begin(), existing.end());
      return links;
    }
  } kernel;
  core::Facts facts;
  facts.listed = true;
  const std::string bridge = core::bridgeName(kGone);
  kernel.networks[bridge].bridge = true;
  kernel.networks[bridge].veths = kernel.existing = {core::vethHostName(kEp1)};
  reconcile::Garbage garbage{facts, kernel};
  core::TimePoint now = core::TimePoint{} + 100h;
  garbage.collect({}, now);
  kernel.failures = 1;
  garbage.collect({}, now += 50s);
  CHECK(kernel.observe(bridge).bridge);
  garbage.collect({}, now += 50s);
  CHECK(kernel.networks.empty());
  CHECK(kernel.existing.empty());
}

// The plugin with that driver may be disabled for an upgrade, and its containers are still served.
TEST_CASE("Garbage.TheLinksOfAnotherPluginsNetworkStay") {
  Leftovers host;
  const std::string veth = "bgl0123456789ab";
  host.kernel.networks[host.dead].veths.insert(veth);
  host.kernel.existing.insert(veth);
  core::NetworkReport report{.id = kGone, .name = "web9", .driver = "old:latest"};
  core::networkReported(host.facts, report, false, host.facts.revision);
  host.collect(0s);
  host.collect(100s);
  CHECK(host.has(host.dead));
  CHECK(host.kernel.hasVeth(veth));
  core::otherNetworkDestroyed(host.facts, kGone);
  host.collect(0s);
  host.collect(100s);
  CHECK_FALSE(host.has(host.dead));
  CHECK_FALSE(host.kernel.hasVeth(veth));
}
