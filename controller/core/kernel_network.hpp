#pragma once
// The state of one VIP network's kernel objects, observed or desired, as a value.
//
// One VIP network is one bridge without an address, and one veth pair per endpoint whose host end is a
// port of that bridge. All backends have the same address, the VIP, so each is reached by a next hop
// of its own: an address that exists nowhere but in a permanent neighbour entry, which gives the
// backend's MAC. That makes ARP and NDP unnecessary: the MAC address is known from CreateEndpoint, the
// first packet waits for nobody, and the container's arp_filter or rp_filter cannot get in the way.
//
//   new connections   main table: VIP -> next-hop group of the ready backends (a hash over the flow)
//   established ones  the table of their backend: VIP -> its next hop. A rule leads there by the
//                     connection's mark (firewall/flow_marks.hpp), which the first packet got from
//                     the next hop it took. So whoever comes or goes, nobody else's connections move.

#include "core/link_names.hpp"

#include <map>
#include <set>
#include <string>

namespace bgplb::core {

inline constexpr unsigned kDefaultMtu = 1500;  // bytes

// The way of one backend's established connections to one VIP: a route in the backend's table, and
// the rule that leads there.
struct PinnedRoute {
  Prefix destination;
  Address via;
  friend auto operator<=>(const PinnedRoute&, const PinnedRoute&) = default;
};

// The state of one network's objects, observed or desired.
struct KernelNetwork {
  bool bridge = false;  // exists, is up, and is a bridge
  unsigned mtu = kDefaultMtu;
  std::set<std::string> veths;  // host ends that are ports of the bridge and up
  std::map<Address, MacAddress> neighbors;  // permanent ones on the bridge
  std::set<Address> nextHops;               // nexthop objects of ours on the bridge
  std::map<Family, std::set<Address>> groups;  // next hops in the group of that family
  std::set<Prefix> routes;   // with our protocol, by way of the family's group, main table
  std::set<Prefix> strays;   // with our protocol, on the bridge, otherwise; never desired
  std::set<PinnedRoute> pinned;

  // What the kernel removes along: a group without members goes, and with a group its routes.
  void removeNextHop(const Address& via);
  void removeGroup(Family family);

  friend bool operator==(const KernelNetwork&, const KernelNetwork&) = default;
};

}  // namespace bgplb::core
