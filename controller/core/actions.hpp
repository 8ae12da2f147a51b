#pragma once
// The steps that change one VIP network's kernel objects. Each is one rtnetlink request, or a few that
// belong together; the words are iproute2's.

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

}  // namespace bgplb::core
