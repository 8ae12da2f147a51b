#pragma once
// The kernel's side of an LB network, as values: what is there (observed), what should be there
// (desired) and the steps between (actions). Words follow iproute2.
//
// One LB network is one bridge without an address, and one veth pair per endpoint whose host end is a
// port of that bridge. All backends have the same address, the VIP, so each is reached by a next hop
// of its own: an address that exists nowhere but in a permanent neighbour entry, which gives the
// backend's MAC. That makes ARP and NDP unnecessary: the MAC address is known from CreateEndpoint, the
// first packet waits for nobody, and the container's arp_filter or rp_filter cannot get in the way.
//
//   new connections   main table: VIP -> next-hop group of the ready backends (a hash over the flow)
//   established ones  the table of their backend: VIP -> its next hop. A rule leads there by the
//                     connection's mark (firewall/flow_marks.hpp), which the first packet got from
//                     the next hop it took. So whoever comes or goes, nobody else's connections move.

#include "base/address.hpp"
#include "base/ids.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace bgplb::core {

// rtm_protocol of our routes (rtnetlink(7); 0-3 are the kernel's, 4-... named in iproute2's
// rt_protos): what carries it is ours, what does not is never touched.
inline constexpr unsigned char kRouteProtocol = 178;

inline constexpr unsigned kDefaultMtu = 1500;  // bytes

// A backend's place in its network, 1 to kSlots: it gives the next hop's address, the connection mark
// and the routing table. A backend keeps it for as long as it has its neighbour entries.
using Slot = unsigned;
inline constexpr Slot kSlots = 254;  // backends of one VIP on one host
Address nextHop(Family family, Slot slot);          // 169.254.77.N (RFC 3927), fe80::77:N (RFC 4291)
std::optional<Slot> slotOf(const Address& address);  // none: not the address of a next hop

// The bits of the firewall mark (fwmark) and connection mark that hold a slot.
inline constexpr unsigned kSlotMarkShift = 20;
inline constexpr std::uint32_t kSlotMarkMask = 0xffU << kSlotMarkShift;
inline constexpr std::uint32_t kSlotTable = 178'000;        // + slot: routing table
inline constexpr std::uint32_t kSlotRulePriority = 17'800;  // + slot: `ip rule` priority, before main

// A link name holds 15 characters (IFNAMSIZ - 1).
inline constexpr std::string_view kBridgePrefix = "bgplb-";
std::string bridgeName(const NetworkId& network);           // "bgplb-" + 9 characters of the id
std::string vethHostName(const EndpointId& endpoint);       // "bgl" + 12 characters of the id
std::string vethContainerName(const EndpointId& endpoint);  // "bgc" + 12 characters of the id
bool isVethHostName(std::string_view link);

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

struct BridgeAdd {
  std::string name;
  unsigned mtu = kDefaultMtu;
  friend bool operator==(const BridgeAdd&, const BridgeAdd&) = default;
};
// Creates the pair (or finds it), makes the host end a port of `bridge` and sets it up. The
// container end is left down and without addresses: dockerd moves and numbers it.
struct VethAdd {
  std::string host;
  std::string container;
  std::string bridge;
  unsigned mtu = kDefaultMtu;
  friend bool operator==(const VethAdd&, const VethAdd&) = default;
};
struct LinkDel {
  std::string name;
  friend bool operator==(const LinkDel&, const LinkDel&) = default;
};
struct NextHopAdd {
  Address via;
  std::string dev;
  friend bool operator==(const NextHopAdd&, const NextHopAdd&) = default;
};
struct NextHopDel {
  Address via;
  std::string dev;
  friend bool operator==(const NextHopDel&, const NextHopDel&) = default;
};
// Creates the group of that family on that bridge, or changes its members: those that stay keep
// their flows.
struct GroupReplace {
  Family family = Family::V4;
  std::set<Address> members;
  std::string dev;
  friend bool operator==(const GroupReplace&, const GroupReplace&) = default;
};
struct GroupDel {
  Family family = Family::V4;
  std::string dev;
  friend bool operator==(const GroupDel&, const GroupDel&) = default;
};
// By way of the group of its family on that bridge.
struct RouteReplace {
  Prefix destination;
  std::string dev;
  friend bool operator==(const RouteReplace&, const RouteReplace&) = default;
};
struct RouteDel {
  Prefix destination;
  std::string dev;
  friend bool operator==(const RouteDel&, const RouteDel&) = default;
};
struct PinnedRouteReplace {  // and its rule, if it is the first in its table
  PinnedRoute route;
  std::string dev;
  friend bool operator==(const PinnedRouteReplace&, const PinnedRouteReplace&) = default;
};
struct PinnedRouteDel {  // and its rule, if it is the last
  PinnedRoute route;
  std::string dev;
  friend bool operator==(const PinnedRouteDel&, const PinnedRouteDel&) = default;
};
struct NeighReplace {
  Address address;
  MacAddress mac;
  std::string dev;
  friend bool operator==(const NeighReplace&, const NeighReplace&) = default;
};
struct NeighDel {
  Address address;
  std::string dev;
  friend bool operator==(const NeighDel&, const NeighDel&) = default;
};

using Action =
    std::variant<BridgeAdd, VethAdd, LinkDel, NeighReplace, NeighDel, NextHopAdd, NextHopDel,
                 GroupReplace, GroupDel, RouteReplace, RouteDel, PinnedRouteReplace, PinnedRouteDel>;

std::string toText(const Action& action);  // one line, as one would type it after `ip`

// The state of the network that `action` is about, `before`, once it has been taken and nobody else
// interfered.
KernelNetwork applied(KernelNetwork before, const Action& action);

// The steps from `observed` to `desired`, in the order they must be taken: links, neighbours, next
// hops, then routes; removals the other way round. Empty when nothing differs. `containerEnds` names the
// container end for each host end in desired.veths.
std::vector<Action> plan(const std::string& bridge, const KernelNetwork& desired,
                         const KernelNetwork& observed,
                         const std::map<std::string, std::string>& containerEnds);

}  // namespace bgplb::core
