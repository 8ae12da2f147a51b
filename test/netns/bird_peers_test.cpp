// Several peers: which sessions restart when one of them changes.
#include "netns/bird_lab.hpp"

using namespace bgplb;
using namespace bgplb::bird;
using namespace bgplb::test::bird_lab;

namespace {

using Addresses = std::set<std::string>;

const Addresses kPeers{"10.77.0.2", "10.77.0.3", "10.77.0.4"};

// Three routers, each a BIRD of its own at an address of its own.
struct Routers : Lab {
  Routers() {
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
  // Since when each session is up; none: it is not.
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

}  // namespace

TEST_CASE("Bird.RemovingTheFirstOfThreePeers_TouchesNoOtherSession", "[netns]") {
  Routers lab;
  auto config = Lab::model();
  config.peers = {Lab::peer("10.77.0.2"), Lab::peer("10.77.0.3"), Lab::peer("10.77.0.4")};
  lab.runController(config, {kVip4});
  REQUIRE(lab.eventually([&] { return lab.allEstablished(3); }));
  REQUIRE(lab.eventually([&] { return lab.routers[1]->has(kVip4) && lab.routers[2]->has(kVip4); }));
  auto before = lab.sessions();

  config.peers.erase(config.peers.begin());
  REQUIRE(lab.routing->setModel(config).has_value());
  lab.routing->announce(kOther4);  // once it has arrived, whatever the change caused has happened
  REQUIRE(lab.eventually([&] { return lab.status()->peers.size() == 2; }));
  REQUIRE(
      lab.eventually([&] { return lab.routers[1]->has(kOther4) && lab.routers[2]->has(kOther4); }));
  before.erase("10.77.0.2");
  CHECK(lab.sessions() == before);
  CHECK(lab.status()->peers[0].name == "lb_peer_10_77_0_3");
}
