#pragma once
// The state of one VIP network's kernel objects, observed or desired, as a value. plan() compares
// two such values; the netlink mirror provides the observed one.
//
// A VIP network has one bridge without an address. Each endpoint has a veth pair whose host end is
// a port of that bridge. All backends have the same address, the VIP, so each backend has a next
// hop of its own: an address that exists only in a permanent neighbour entry, which contains the
// backend's MAC address. So neither ARP nor NDP is needed: the MAC address is known from
// CreateEndpoint, the first packet does not wait for address resolution, and the container's
// arp_filter and rp_filter cannot prevent it.
//
//   new connections          main table: VIP -> next-hop group of the ready backends, by a hash
//   established connections  table of the backend: VIP -> the backend's next hop
//
// The ports are isolated from each other: the bridge forwards frames only between itself and a
// port, learns no MAC address, and floods nothing. One static forwarding entry per port determines
// the backend of a frame, so no backend receives the packets of another one, and no forged source
// address diverts them.
//
// A policy rule selects the backend's table by the connection mark (firewall/host_rules.hpp), which
// the first packet got from the next hop that it took. So adding or removing a backend moves no
// connection of another backend.
//
// UDP has no connections that end. So a backend that gets no new connections may lose its UDP flows
// to the others (core/udp_flows.hpp): a rule for UDP comes before its rule, and selects a table
// with VIP -> the group.

#include "core/link_names.hpp"

#include <map>
#include <set>
#include <string>

namespace bgplb::core {

inline constexpr unsigned kDefaultMtu = 1500;  // bytes

// The path of one backend's established connections to one VIP: a route in the backend's table, and
// the policy rule that selects the table.
struct PinnedRoute {
  Prefix destination;
  Address via;
  friend auto operator<=>(const PinnedRoute&, const PinnedRoute&) = default;
};

struct KernelNetwork {
  bool bridge = false;  // exists, is up, and is a bridge
  unsigned mtu = kDefaultMtu;
  std::set<std::string> veths;  // host ends that are ports of the bridge and up
  // The isolated ports among `veths`, and the MAC address of each one's only static forwarding
  // entry.
  std::map<std::string, MacAddress> isolated;
  std::map<Address, MacAddress> neighbors;     // permanent entries on the bridge
  std::set<Address> nextHops;                  // our nexthop objects on the bridge
  std::map<Family, std::set<Address>> groups;  // members of each family's next-hop group
  std::set<Prefix> routes;  // main table, our protocol, through the family's group
  // Other routes with our protocol on the bridge; never desired. A destination in both sets has a
  // route with the wrong metric, which RouteReplace corrects.
  std::set<Prefix> strays;
  std::set<PinnedRoute> pinned;
  // The backends whose UDP flows to a VIP are routed like new ones, each by its pinned route.
  std::set<PinnedRoute> released;

  void removeVeth(const std::string& host);
  // As in the kernel, a group without members is removed together with the routes through it.
  void removeNextHop(const Address& via);
  void removeGroup(Family family);

  friend bool operator==(const KernelNetwork&, const KernelNetwork&) = default;
};

}  // namespace bgplb::core
