#pragma once
// A host with backends behind a VIP of each family, and a client, for tests of the connection marks
// with the real kernel: which backend receives which packets.

#include "netns/netlink_world.hpp"
#include "netns/packet_filter.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>

namespace bgplb::test {

// Backend N has the MAC address 02:..:0N and counts the packets to the VIP by an nft rule.
struct Backends {
  World world;
  packet_filter::Wall wall;
  std::map<core::Slot, std::unique_ptr<Netns>> inside;
  Netns client;

  Backends() {
    shell(
        "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 "
        "net.ipv4.fib_multipath_hash_policy=1 net.ipv6.fib_multipath_hash_policy=1 "
        "net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0");
    shell("ip link add eth0 type veth peer name eth0 netns " + client.path() +
          "; ip address add 198.51.100.1/24 dev eth0; ip address add 2001:db8:c::1/64 dev eth0 "
          "nodad; ip "
          "link set eth0 up");
    client.shell(
        "sh -c 'ip link set lo up; ip address add 198.51.100.2/24 dev eth0; ip address add "
        "2001:db8:c::2/64 dev eth0 nodad; ip link set eth0 up; ip route add default via "
        "198.51.100.1; ip "
        "route add default via 2001:db8:c::1'");
    world.apply(core::BridgeAdd{kBridge});
    wall.ensure(true);
    REQUIRE(wall.iptables.status().marksProblem == "");
    world.kernel.setPinned(wall.iptables.status().marks);
  }
  void add(core::Slot slot) {
    const auto& container = *inside.emplace(slot, std::make_unique<Netns>()).first->second;
    const std::string host = fmt::format("bgl{:012x}", slot);
    const std::string end = fmt::format("bgc{:012x}", slot);
    const auto mac = *MacAddress::parse(fmt::format("02:00:00:00:00:{:02x}", slot));
    world.apply(core::VethAdd{host, end, kBridge});
    shell("ip link set " + end + " address " + mac.toString() + " netns " + container.path());
    container.shell(
        "sh -c 'ip link set " + end +
        " up; nft add table inet counted; nft add chain inet counted "
        "in \"{ type filter hook prerouting priority 0; }\"; nft add rule inet counted in ip "
        "daddr 10.0.0.101 counter; nft add rule inet counted in ip6 daddr 2001:db8:0:1::101 "
        "counter'");
    for (const Prefix& vip : {kVip4, kVip6}) {
      const Address via = core::nextHop(vip.family(), slot);
      world.apply(core::NeighReplace{via, mac, kBridge});
      REQUIRE(runUntil(world.io, [&] {
        return world.kernel.apply(core::NextHopAdd{via, kBridge}).has_value();
      }));
      world.apply(core::PinnedRouteReplace{{vip, via}, kBridge});
    }
  }
  void ready(const std::set<core::Slot>& slots) {
    for (const Prefix& vip : {kVip4, kVip6}) {
      std::set<Address> members;
      for (const auto slot : slots) members.insert(core::nextHop(vip.family(), slot));
      world.apply(core::GroupReplace{vip.family(), members, kBridge});
      world.apply(core::RouteReplace{vip, kBridge});
    }
  }
  unsigned received(core::Slot slot) const {
    const auto text = inside.at(slot)->shell("nft list chain inet counted in");
    unsigned sum = 0;
    for (auto at = text.find("packets "); at != std::string::npos;
         at = text.find("packets ", at + 1)) {
      sum += static_cast<unsigned>(std::stoul(text.substr(at + 8)));
    }
    return sum;
  }
};

// Waits, because a datagram may still be in flight.
inline bool receives(Backends& backends, core::Slot slot, unsigned count) {
  return runUntil(backends.world.io, [&] { return backends.received(slot) == count; });
}

// A connection of the client: datagrams from one source port.
struct Flow {
  const Backends& backends;
  std::string command;
  explicit Flow(const Backends& all, const Address& to) : backends(all) {
    static unsigned port = 20000;
    ++port;
    const std::string family = to.isV4() ? "AF_INET" : "AF_INET6";
    command = fmt::format(
        "python3 -c 'import socket as s; f=s.socket(s.{}, s.SOCK_DGRAM); f.bind((\"\", {})); "
        "f.sendto(b\"x\", (\"{}\", 80))'",
        family, port, to.toString());
  }
  void send() const { backends.client.shell(command); }
};

}  // namespace bgplb::test
