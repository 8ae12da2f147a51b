// Tests the guard against loops with a router that still sends packets for a VIP without a backend.
#include "netns/packet_filter.hpp"

#include "support/build.hpp"

#include <fmt/format.h>

using namespace bgplb;
using namespace bgplb::test::packet_filter;
using namespace std::chrono_literals;
using test::ip;
using test::Netns;
using test::shell;

namespace {

// A host with the uplink eth0 and a container; a router whose routes to the VIPs lead to the host,
// and a client behind the router.
struct Network {
  test::ScopedNetns host;
  Netns router;
  Netns client;
  Netns container;
  Wall wall;
  firewall::GuardedTraffic guarded{.vips = {ip("10.0.0.101"), ip("2001:db8:9::101")},
                                   .links = {"eth0"}};

  Network() {
    const std::string plain =
        "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 "
        "net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 "
        "net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0";
    shell(plain);
    for (const Netns* netns : {&router, &client, &container}) {
      netns->shell(plain);
      netns->shell("ip link set lo up");
    }
    link("eth0", router, "host0", "192.0.2.10/24", "192.0.2.1/24", "2001:db8:1::10/64",
         "2001:db8:1::1/64");
    link("gw0", container, "eth0", "172.23.0.1/24", "172.23.0.25/24", "2001:db8:2::1/64",
         "2001:db8:2::25/64");
    router.shell("ip link add client0 type veth peer name eth0 netns " + client.path());
    router.shell(
        "sh -c 'ip address add 198.51.100.1/24 dev client0; ip address add 2001:db8:3::1/64 dev "
        "client0; ip link set client0 up; ip route add 10.0.0.101 via 192.0.2.10; ip -6 route add "
        "2001:db8:9::101 via 2001:db8:1::10'");
    client.shell(
        "sh -c 'ip address add 198.51.100.2/24 dev eth0; ip address add 2001:db8:3::2/64 dev eth0; "
        "ip link set eth0 up; ip route add default via 198.51.100.1; ip -6 route add default via "
        "2001:db8:3::1'");
    shell("ip route add default via 192.0.2.1; ip -6 route add default via 2001:db8:1::1");
    container.shell(
        "sh -c 'ip route add default via 172.23.0.1; ip -6 route add default via 2001:db8:2::1'");
    wall.iptables.guard([this] { return guarded; });
  }

  static void link(const char* here, const Netns& there, const char* name, const char* v4,
                   const char* peer4, const char* v6, const char* peer6) {
    shell(
        fmt::format("ip link add {0} type veth peer name {1} netns {2}; ip address add {3} dev "
                    "{0}; ip address add {4} dev {0}; ip link set {0} up",
                    here, name, there.path(), v4, v6));
    there.shell(fmt::format(
        "sh -c 'ip address add {1} dev {0}; ip address add {2} dev {0}; ip link set {0} up'", name,
        peer4, peer6));
  }

  static long received(const Netns* netns, const std::string& device) {
    const std::string command = "sh -c 'ip -s link show " + device + " | grep -A1 RX: | tail -n 1'";
    const std::string line = netns == nullptr ? shell(command) : netns->shell(command);
    return std::stol(line.substr(line.find_first_not_of(' ') + 1)
                         .substr(line.substr(line.find_first_not_of(' ') + 1).find_first_of(' ')));
  }

  // Sends one datagram from that namespace, and counts the packets that arrive at the host's uplink
  // until no more arrive.
  long packetsOnUplink(const Netns& from, const char* to) {
    const long before = received(nullptr, "eth0");
    from.shell(fmt::format("bash -c 'echo x > /dev/udp/{}/9'", to));
    long last = -1;
    long now = before;
    const auto end = std::chrono::steady_clock::now() + test::kDeadline;
    while (now != last && std::chrono::steady_clock::now() < end) {
      last = now;
      shell("sleep 0.3");  // a loop of 64 hops takes a few milliseconds
      now = received(nullptr, "eth0");
    }
    return now - before;
  }
};

}  // namespace

TEST_CASE("LoopGuard.PacketsForAVipWithoutABackendDoNotLoop") {
  Network network;
  for (const char* vip : {"10.0.0.101", "2001:db8:9::101"}) {
    CAPTURE(vip);
    // The first packets may be lost while the neighbours resolve each other.
    CHECK(test::runUntil(network.wall.io,
                         [&] { return network.packetsOnUplink(network.client, vip) > 20; }));
  }
  network.wall.ensure(true);
  for (const char* vip : {"10.0.0.101", "2001:db8:9::101"}) {
    CAPTURE(vip);
    CHECK(network.packetsOnUplink(network.client, vip) < 10);
  }
  // A client on the host: another host behind the router may have a backend.
  const long before = Network::received(&network.router, "host0");
  network.container.shell("bash -c 'echo x > /dev/udp/10.0.0.101/9'");
  CHECK(test::runUntil(network.wall.io,
                       [&] { return Network::received(&network.router, "host0") > before; }));
  shell("nft delete table inet bgplb_loops");
  network.wall.ensure(true);
  CHECK(network.packetsOnUplink(network.client, "10.0.0.101") < 10);
  network.guarded.vips.clear();
  network.wall.ensure(true);
  CHECK(test::tryShell("nft list table inet bgplb_loops").status != 0);
}

// Loose reverse path filtering looks up the VIP: an unreachable route would make it drop replies.
TEST_CASE("LoopGuard.RepliesFromAVipWithoutAHostRouteLeave") {
  Network network;
  network.wall.ensure(true);
  shell("sysctl -qw net.ipv4.conf.gw0.rp_filter=2");
  network.container.shell("ip address add 10.0.0.101/32 dev lo");
  network.container.shell("ip route replace default via 172.23.0.1 src 10.0.0.101");
  const long before = Network::received(&network.client, "eth0");
  network.container.shell("bash -c 'echo x > /dev/udp/198.51.100.2/9'");
  CHECK(test::runUntil(network.wall.io,
                       [&] { return Network::received(&network.client, "eth0") > before; }));
}
