// Tests with several peers: which sessions restart when one peer or one setting changes.
#include "fakes/fake_world.hpp"
#include "netns/bird_lab.hpp"
#include "peering.hpp"
#include "settings/environment.hpp"
#include "settings/schema.hpp"

using namespace bgplb;
using namespace bgplb::bird;
using namespace bgplb::test::bird_lab;
using bgplb::test::ip;
using bgplb::test::net;

namespace {

using Values = std::map<std::string, std::string>;
using Addresses = std::set<std::string>;

const Addresses kPeers{"10.77.0.2", "10.77.0.3", "10.77.0.4"};

// Three routers, each a separate BIRD with its own address.
struct Routers : Lab {
  Routers() {
    test::shell("ip addr add 10.77.0.9/24 dev us");  // another ROUTER_ID
    there.shell("ip addr add 10.77.0.3/24 dev router");
    there.shell("ip addr add 10.77.0.4/24 dev router");
    for (const auto& address : kPeers) {
      routers.push_back(std::make_unique<Router>(
          io, there,
          "  local " + address +
              " as 65002;\n  strict bind on;\n  neighbor 10.77.0.1 as 65001;\n"));
    }
  }
  ~Routers() { routing.reset(); }

  bool allEstablished(std::size_t peers) {
    const auto now = status();
    return now && now->peers.size() == peers &&
           std::all_of(now->peers.begin(), now->peers.end(),
                       [](const PeerStatus& peer) { return peer.isEstablished(); });
  }
  // Start times of the established sessions, by the peer's address.
  std::map<std::string, std::string> sessions() {
    std::map<std::string, std::string> since;
    const auto now = status();
    if (!now) return since;
    for (const auto& peer : now->peers) {
      if (peer.isEstablished()) since[peer.address] = peer.since;
    }
    return since;
  }

  std::vector<std::unique_ptr<Router>> routers;
};

core::RoutingConfig configOf(const Values& values) {
  const auto outcome = settings::readEnvironment([&values](const std::string& name) {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  });
  CAPTURE(outcome.problems);
  REQUIRE(outcome.problems.empty());
  test::FakeKernel host;
  for (const char* own : {"10.77.0.1", "10.77.0.9", "fd77::1", "fd77::9"}) {
    host.own.push_back({Prefix::host(ip(own)), ip(own), 2, true});
  }
  for (const auto& peer : outcome.settings.peers) host.ways[peer.address] = {2, "us", {}, {}};
  return routingConfig(outcome.settings, peersFor(outcome.settings, host, {}).peers);
}

// Changes the configuration from `before`, with which all sessions are established, to `after`.
// Returns the peers whose sessions restarted.
Addresses restarted(Routers& lab, const core::RoutingConfig& before,
                    const core::RoutingConfig& after) {
  REQUIRE(lab.routing->setModel(before).has_value());
  REQUIRE(lab.eventually([&] { return lab.allEstablished(kPeers.size()); }));
  const auto up = lab.sessions();
  const auto reconfigured = lab.status()->reconfigurations;
  REQUIRE(lab.routing->setModel(after).has_value());
  REQUIRE(lab.eventually([&] { return lab.status()->reconfigurations > reconfigured; }));
  const auto now = lab.sessions();
  Addresses lost;
  for (const auto& [address, since] : up) {
    const auto found = now.find(address);
    if (found == now.end() || found->second != since) lost.insert(address);
  }
  return lost;
}

}  // namespace

TEST_CASE("Bird.RemovingTheFirstOfThreePeers_RestartsNoOtherSession", "[netns]") {
  Routers lab;
  auto config = Lab::model();
  config.peers = {Lab::peer("10.77.0.2"), Lab::peer("10.77.0.3"), Lab::peer("10.77.0.4")};
  lab.runController(config, {kVip4});
  REQUIRE(lab.eventually([&] { return lab.allEstablished(3); }));
  REQUIRE(lab.eventually([&] { return lab.routers[1]->has(kVip4) && lab.routers[2]->has(kVip4); }));
  auto before = lab.sessions();

  config.peers.erase(config.peers.begin());
  REQUIRE(lab.routing->setModel(config).has_value());
  lab.routing->announce(kOther4);  // arrives after all effects of the change
  REQUIRE(lab.eventually([&] { return lab.status()->peers.size() == 2; }));
  REQUIRE(
      lab.eventually([&] { return lab.routers[1]->has(kOther4) && lab.routers[2]->has(kOther4); }));
  before.erase("10.77.0.2");
  CHECK(lab.sessions() == before);
  CHECK(lab.status()->peers[0].name == "lb_peer_10_77_0_3");
}

// Checks the effects listed in docs/configuration.md with a real BIRD. The sample value of a
// setting per peer changes only the first peer.
TEST_CASE("Bird.EachSettingRestartsTheDocumentedSessions", "[netns]") {
  const Values base{{"ROUTER_ID", "10.77.0.1"},
                    {"LOCAL_AS", "65001"},
                    {"ROUTER_PORT", "1790"},
                    {"PEER_ADDRESS", "10.77.0.2,10.77.0.3,10.77.0.4"},
                    {"PEER_AS", "65002"}};
  const Values samples{{"ROUTER_ID", "10.77.0.9"},
                       {"ROUTER_ID6", "fd77::9"},
                       {"LOCAL_AS", "65009"},
                       {"PEER_ADDRESS", "10.77.0.5,10.77.0.3,10.77.0.4"},
                       {"PEER_AS", "65003,65002,65002"},
                       {"PEER_PASSWORD", "sesame,-,-"},
                       {"ROUTER_PORT", "1791"},
                       {"HOLD_TIME", "30"},
                       {"GRACEFUL_RESTART", "false"},
                       {"GR_TIME", "60"},
                       {"STOP_MODE", "withdraw"},
                       {"ORPHAN_TIME", "600"},
                       {"RISE_TIME", "1"},
                       {"HOLD_DOWN", "1"},
                       {"SIGUSR2_HANDLER", "true"},
                       {"SIGUSR2_ACTION", "none"},
                       {"MULTIPATH_HASH", "keep"},
                       {"VIP_MSS", "1220"},
                       {"DRAIN_GRACE", "2"},
                       {"DRAIN_DELAY", "2"},
                       {"ALLOWED_PREFIXES", "10.0.0.0/24"},
                       {"INSTANCE", "2"},
                       {"GLOBAL_SCOPE", "true"},
                       {"LOG_LEVEL", "debug"}};
  // ROUTER_ID6 is the source address of sessions to IPv6 peers; the peers of this test are IPv4.
  const std::set<std::string> ofIpv6Peers{"ROUTER_ID6"};

  Routers lab;
  const auto before = configOf(base);
  lab.runController(before, {kVip4});
  for (const auto& setting : settings::schema()) {
    const std::string name(setting.name);
    CAPTURE(name);
    REQUIRE(samples.contains(name));
    Values changed = base;
    changed[name] = samples.at(name);
    if (name == "INSTANCE") changed.erase("ROUTER_PORT");  // BIRD's port depends on it only then
    Addresses expected;
    if (setting.effect == settings::Effect::RestartsAllSessions) expected = kPeers;
    if (setting.effect == settings::Effect::RestartsPeerSession && !ofIpv6Peers.contains(name)) {
      expected = {"10.77.0.2"};
    }
    const auto after = configOf(changed);
    if (before == after) {  // the setting is not part of BIRD's configuration
      CHECK(expected.empty());
    } else {
      CHECK(restarted(lab, before, after) == expected);
    }
  }
}
