// What a hostile container can do on the bridge of its VIP network, with the real kernel. Each
// attack is tried without the protection first, so that a test whose attack has no effect fails.
#include "netns/netlink_world.hpp"

#include "netlink/requests.hpp"
#include "netns/packet_filter.hpp"

#include <algorithm>
#include <memory>

using namespace bgplb;
using namespace bgplb::test;

namespace {

std::string send(const std::string& link, const std::string& frame) {
  return "python3 " PROJECT_SOURCE_DIR "/test/support/frames.py " + link + " " + frame;
}

// A VIP network with two backends, each in a namespace of its own. The VIP's route leads to the
// first one.
struct Backends {
  struct Backend {
    std::string host;
    std::string end;
    MacAddress mac;
    Netns inside;
    unsigned long before = 0;
  };
  World world;
  packet_filter::Wall wall;
  std::vector<std::unique_ptr<Backend>> all;

  Backends() {
    shell("ip link set lo up; ip address add 192.0.2.1/32 dev lo");
    world.apply(core::BridgeAdd{kBridge});
    for (const unsigned number : {1U, 2U}) {
      auto& backend = *all.emplace_back(std::make_unique<Backend>());
      backend.host = fmt::format("bgl{:012x}", number);
      backend.end = fmt::format("bgc{:012x}", number);
      backend.mac = mac(fmt::format("02:00:00:00:00:{:02x}", number).c_str());
      world.apply(core::VethAdd{backend.host, backend.end, kBridge});
      shell("ip link set " + backend.end + " address " + backend.mac.toString() + " netns " +
            backend.inside.path());
      // No IPv6: the container sends nothing by itself, so the bridge cannot learn its address.
      backend.inside.shell("sh -c 'sysctl -qw net.ipv6.conf." + backend.end +
                           ".disable_ipv6=1; ip link set lo up; ip link set " + backend.end +
                           " up'");
    }
    world.apply(core::NeighReplace{kHop4, all[0]->mac, kBridge});
    world.awaitCarrier(kBridge);
    world.apply(core::GroupReplace{Family::V4, {kHop4}, kBridge});
    world.apply(core::RouteReplace{kVip4, kBridge});
    REQUIRE(runUntil(world.io, [&] {
      return std::all_of(all.begin(), all.end(), [](const auto& backend) {
        return has(shell("ip link show " + backend->host), "state UP");
      });
    }));
  }
  void isolate() {
    for (const auto& backend : all) {
      world.apply(core::PortIsolate{backend->host, backend->mac, kBridge});
    }
  }
  // Frames that the bridge has sent to the backend.
  unsigned long frames(std::size_t index) const {
    return std::stoul(
        shell("awk '$1 == \"" + all[index]->host + ":\" { print $11 }' /proc/net/dev"));
  }
  // The number of frames that the second backend receives while the host sends 50 to the first one.
  unsigned long overheard() {
    const auto before = std::pair{frames(0), frames(1)};
    shell(
        "python3 -c 'import socket as s; f=s.socket(s.AF_INET, s.SOCK_DGRAM); "
        "f.bind((\"192.0.2.1\", 0)); [f.sendto(b\"x\", (\"10.0.0.101\", 7)) for n in range(50)]'");
    // A diverted frame does not reach the first backend.
    REQUIRE(runUntil(world.io, [&] {
      return frames(0) - before.first >= 50 || frames(1) - before.second >= 50;
    }));
    return frames(1) - before.second;
  }
  // Sends a frame from the second backend.
  void attack(const std::string& frame) { all[1]->inside.shell(send(all[1]->end, frame)); }
  void guard() {
    wall.ensure(true);
    REQUIRE(wall.iptables.status().protectionProblem == "");
  }
};

// Counts datagrams to a port that arrive at the host itself.
class Listener {
 public:
  Listener() {
    shell(
        "nft 'add table inet attacks; add counter inet attacks hits; "
        "add chain inet attacks in { type filter hook input priority 0; }; "
        "add rule inet attacks in udp dport 5353 counter name hits'");
  }
  static bool hears(World& world) {
    return runUntil(
        world.io, [] { return !has(shell("nft list counter inet attacks hits"), "packets 0 "); },
        std::chrono::milliseconds(300));
  }
};

}  // namespace

TEST_CASE("Isolation.ABackendReceivesOnlyItsOwnPackets_AlthoughItNeverSends") {
  Backends backends;
  CHECK(backends.overheard() == 50);  // flooded: the bridge has learned no address
  backends.isolate();
  CHECK(backends.overheard() == 0);
}

TEST_CASE("Isolation.AForgedSourceAddressDivertsNoPackets") {
  Backends backends;
  backends.attack("forge " + backends.all[0]->mac.toString());
  CHECK(backends.overheard() == 50);
  backends.isolate();
  backends.attack("forge " + backends.all[0]->mac.toString());
  CHECK(backends.overheard() == 0);
}

TEST_CASE("Isolation.BackendsCannotReachEachOther") {
  Backends backends;
  const std::string frame = "udp " + backends.all[0]->mac.toString() + " 10.0.0.101 10.0.0.101 7";
  const auto received = [&](unsigned long before) {
    return runUntil(
        backends.world.io, [&] { return backends.frames(0) >= before + 20; },
        std::chrono::milliseconds(300));
  };
  auto before = backends.frames(0);
  backends.attack(frame);
  CHECK(received(before));
  backends.isolate();
  before = backends.frames(0);
  backends.attack(frame);
  CHECK(!received(before));
}

TEST_CASE("Isolation.ARouterAdvertisementGivesTheHostNoRoute") {
  Backends backends;
  const auto hasRoute = [&] {
    return runUntil(
        backends.world.io, [] { return has(shell("ip -6 route"), "default via fe80::bad"); },
        std::chrono::milliseconds(300));
  };
  const std::string setting = "/proc/sys/net/ipv6/conf/" + kBridge + "/accept_ra";
  CHECK(shell("cat " + setting) == "0\n");
  backends.attack("ra");
  CHECK(!hasRoute());

  shell("echo 2 > " + setting);
  backends.guard();
  backends.attack("ra");
  CHECK(!hasRoute());  // the packet filter alone is enough

  shell("nft delete table inet bgplb");
  backends.attack("ra");
  CHECK(hasRoute());

  backends.world.resync();
  CHECK(shell("cat " + setting) == "0\n");
}

TEST_CASE("Isolation.FramesFromTheBridgeReachNeitherTheHostNorAnotherNetwork") {
  const auto withoutNft = GENERATE(false, true) ? std::make_unique<packet_filter::WithoutNft>()
                                                : std::unique_ptr<packet_filter::WithoutNft>();
  Backends backends;
  const Listener listener;
  const std::string bridge = core::bridgeAddress(kBridge, core::Instance{}).toString();
  for (const char* addresses : {" 10.0.0.101 192.0.2.1", " 2001:db8:0:1::101 2001:db8::1"}) {
    INFO(addresses);
    shell("ip address add 2001:db8::1/128 dev lo nodad || true; nft reset counters >/dev/null");
    const std::string frame = "udp " + bridge + addresses + " 5353";
    backends.wall.ensure(false);
    backends.attack(frame);
    CHECK(listener.hears(backends.world));
    shell("nft reset counters >/dev/null");
    backends.guard();
    backends.attack(frame);
    CHECK(!listener.hears(backends.world));
  }
}

// A container on a Docker bridge whose strict reverse path filter was loosened for replies of VIPs.
TEST_CASE("Isolation.ALoosenedBridgePassesItsSubnetAndVips_AsAStrictFilterWould") {
  const auto withoutNft = GENERATE(false, true) ? std::make_unique<packet_filter::WithoutNft>()
                                                : std::unique_ptr<packet_filter::WithoutNft>();
  Backends backends;
  const Listener listener;
  const Netns container;
  shell(
      "sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.default.rp_filter=1;"
      "ip link add br-gw address 02:00:00:00:00:99 type bridge; ip address add 172.23.0.1/24 dev "
      "br-gw;"
      "ip link add uplink type veth peer name far; ip address add 198.51.100.1/24 dev uplink;"
      "ip link add gw0 type veth peer name eth0 netns " +
      container.path() +
      "; ip link set gw0 master br-gw up; ip link set br-gw up; ip link set uplink up; "
      "ip link set far up; ip route add default via 198.51.100.2 dev uplink");
  container.shell("ip link set eth0 up");
  REQUIRE(runUntil(backends.world.io, [] { return has(shell("ip link show br-gw"), "state UP"); }));
  const auto arrives = [&](const std::string& source) {
    shell("nft reset counters >/dev/null");
    container.shell(send("eth0", "udp 02:00:00:00:00:99 " + source + " 172.23.0.1 5353"));
    return listener.hears(backends.world);
  };
  // A connection from the host to the VIP, which the container's datagrams answer.
  const auto repliesArrive = [&] {
    shell("nft reset counters >/dev/null");
    container.shell(send("eth0", "udp 02:00:00:00:00:99 10.0.0.101 192.0.2.1 5353"));
    return listener.hears(backends.world);
  };
  const std::string own = "172.23.0.25";
  const std::string neighbour = "172.23.0.77";
  const std::string vip = "10.0.0.101";
  const std::string otherVip = "10.0.0.102";
  const std::string foreign = "198.51.100.9";
  CHECK(arrives(own));
  CHECK(!arrives(vip));  // why the filter has to be loosened
  CHECK(!arrives(foreign));
  CHECK(*backends.world.kernel.relaxReversePathFilter("br-gw"));
  CHECK(arrives(vip));
  CHECK(arrives(foreign));
  backends.wall.iptables.guard([] {
    return firewall::GuardedTraffic{.vips = {address("10.0.0.101"), address("10.0.0.102")},
                                    .links = {}};
  });
  shell("ip route add " + otherVip + " dev " + kBridge);
  backends.wall.iptables.filterSources({"br-gw"});
  backends.guard();
  for (const auto& source : {own, neighbour, vip, otherVip}) {
    INFO(source);
    CHECK(arrives(source));
  }
  CHECK(!arrives(foreign));

  shell(
      "python3 -c 'import socket as s; f=s.socket(s.AF_INET, s.SOCK_DGRAM); "
      "f.bind((\"192.0.2.1\", 5353)); f.sendto(b\"x\", (\"10.0.0.101\", 40000))'");
  CHECK(repliesArrive());
  // As when the last container drains.
  backends.world.apply(core::RouteDel{kVip4, kBridge});
  CHECK(repliesArrive());
}

TEST_CASE("Isolation.OnlyPeersReachBirdsPort") {
  const auto withoutNft = GENERATE(false, true) ? std::make_unique<packet_filter::WithoutNft>()
                                                : std::unique_ptr<packet_filter::WithoutNft>();
  const ScopedNetns netns;
  const Netns other;
  packet_filter::Wall wall;
  shell("ip link add eth0 type veth peer name eth0 netns " + other.path() +
        "; ip address add 192.0.2.1/24 dev eth0; ip address add 2001:db8::1/64 dev eth0 nodad; "
        "ip link set eth0 up");
  other.shell(
      "sh -c 'ip address add 192.0.2.2/24 dev eth0; ip address add 2001:db8::2/64 dev eth0 nodad; "
      "ip link set eth0 up'");
  // No program listens: a connection that passes the filter is refused at once.
  const auto reaches = [&other](const std::string& to, int port) {
    const std::string out =
        tryShell(other.inside(fmt::format("python3 -c 'import socket; "
                                          "socket.create_connection((\"{}\", {}), 0.5)'",
                                          to, port)))
            .out;
    return has(out, "ConnectionRefusedError");
  };
  firewall::Listener listener{.port = 17900,
                              .addresses = {address("192.0.2.1"), address("2001:db8::1")}};
  for (const char* to : {"192.0.2.1", "2001:db8::1"}) CHECK(reaches(to, 17900));
  wall.iptables.guardListener(listener);
  wall.ensure(false);  // without VIP networks as well
  for (const char* to : {"192.0.2.1", "2001:db8::1"}) {
    CHECK(!reaches(to, 17900));
    CHECK(reaches(to, 179));
  }
  listener.peers = {address("192.0.2.2"), address("2001:db8::2")};
  wall.iptables.guardListener(listener);
  wall.ensure(true);
  for (const char* to : {"192.0.2.1", "2001:db8::1"}) CHECK(reaches(to, 17900));
  listener.peers.clear();
  listener.addresses.clear();
  listener.wildcards = {Family::V6};
  wall.iptables.guardListener(listener);
  wall.ensure(true);
  CHECK(reaches("192.0.2.1", 17900));
  CHECK(!reaches("2001:db8::1", 17900));
}
