#pragma once
// The actions that change one VIP network's kernel objects. Each action is one rtnetlink request,
// or a few that belong together. The names follow iproute2. plan() creates actions, the netlink
// adapter executes them.

#include "core/kernel_network.hpp"

#include <set>
#include <string>
#include <variant>

namespace bgplb::core {

struct BridgeAdd {
  std::string name;
  unsigned mtu = kDefaultMtu;
  friend bool operator==(const BridgeAdd&, const BridgeAdd&) = default;
};
// Creates the pair unless it exists, makes the host end a port of `bridge` and sets the host end
// up. The container end stays down and without addresses: dockerd moves it and assigns its
// addresses.
struct VethAdd {
  std::string host;
  std::string container;
  std::string bridge;
  unsigned mtu = kDefaultMtu;
  friend bool operator==(const VethAdd&, const VethAdd&) = default;
};
// Makes `mac` the only static forwarding entry of the port `host`, then isolates the port: no
// learning, no flooding, no frames to other isolated ports. Before that, frames to a backend that
// sends nothing would be flooded to all ports.
struct PortIsolate {
  std::string host;
  MacAddress mac;
  std::string dev;
  friend bool operator==(const PortIsolate&, const PortIsolate&) = default;
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
// Creates the next-hop group of `family` on `dev`, or replaces its members. Members that stay in
// the group keep their flows.
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
// A route in the main table through the next-hop group of its family on `dev`.
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
struct PinnedRouteReplace {  // adds the slot's policy rule as well, if it does not exist
  PinnedRoute route;
  std::string dev;
  friend bool operator==(const PinnedRouteReplace&, const PinnedRouteReplace&) = default;
};
struct PinnedRouteDel {  // removes the slot's policy rule as well, once its table is empty
  PinnedRoute route;
  std::string dev;
  friend bool operator==(const PinnedRouteDel&, const PinnedRouteDel&) = default;
};
// Routes the UDP flows of that backend through the next-hop group of its family on `dev`. Adds the
// slot's policy rule for UDP as well, if it does not exist.
struct UdpRouteReplace {
  PinnedRoute route;
  std::string dev;
  friend bool operator==(const UdpRouteReplace&, const UdpRouteReplace&) = default;
};
struct UdpRouteDel {  // removes the slot's policy rule for UDP as well, once its table is empty
  PinnedRoute route;
  std::string dev;
  friend bool operator==(const UdpRouteDel&, const UdpRouteDel&) = default;
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

using Action = std::variant<BridgeAdd, VethAdd, PortIsolate, LinkDel, NeighReplace, NeighDel,
                            NextHopAdd, NextHopDel, GroupReplace, GroupDel, RouteReplace, RouteDel,
                            PinnedRouteReplace, PinnedRouteDel, UdpRouteReplace, UdpRouteDel>;

std::string toText(const Action& action);  // one line in the syntax of `ip`, for the log

// The state that results from `before` if `action` succeeds and no other program interferes.
KernelNetwork applied(KernelNetwork before, const Action& action);

}  // namespace bgplb::core
