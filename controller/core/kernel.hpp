#pragma once
// The kernel's side of an LB network, as values: what is there (observed), what should be there
// (desired) and the steps between (actions). Words follow iproute2.
//
// One LB network is one bridge without an address, one veth pair per endpoint whose host end is a
// port of that bridge, and for each VIP a host route and a permanent neighbour on the bridge. The
// neighbour makes ARP and NDP unnecessary: the MAC address is known from CreateEndpoint, the first
// packet waits for nobody, and the container's arp_filter or rp_filter cannot get in the way.

#include "base/address.hpp"
#include "base/ids.hpp"

#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace bgplb::core {

// rtm_protocol of our routes (rtnetlink(7); 0-3 are the kernel's, 4-... named in iproute2's
// rt_protos): what carries it is ours, what does not is never touched.
inline constexpr unsigned char kRouteProtocol = 178;

inline constexpr unsigned kDefaultMtu = 1500;  // bytes

// A link name holds 15 characters (IFNAMSIZ - 1).
inline constexpr std::string_view kBridgePrefix = "bgplb-";
std::string bridgeName(const NetworkId& network);           // "bgplb-" + 9 characters of the id
std::string vethHostName(const EndpointId& endpoint);       // "bgl" + 12 characters of the id
std::string vethContainerName(const EndpointId& endpoint);  // "bgc" + 12 characters of the id
bool isVethHostName(std::string_view link);

// The state of one network's objects, observed or desired.
struct KernelNetwork {
  bool bridge = false;  // exists, is up, and is a bridge
  unsigned mtu = kDefaultMtu;
  std::set<std::string> veths;  // host ends that are ports of the bridge and up
  std::set<Prefix> routes;      // with our protocol, on the bridge, main table
  std::map<Address, MacAddress> neighbors;  // permanent ones on the bridge

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
    std::variant<BridgeAdd, VethAdd, LinkDel, RouteReplace, RouteDel, NeighReplace, NeighDel>;

std::string toText(const Action& action);  // one line, as one would type it after `ip`

// The steps from `observed` to `desired`, in the order they must be taken: links, neighbours, then
// routes; removals the other way round. Empty when nothing differs. `containerEnds` names the
// container end for each host end in desired.veths.
std::vector<Action> plan(const std::string& bridge, const KernelNetwork& desired,
                         const KernelNetwork& observed,
                         const std::map<std::string, std::string>& containerEnds);

}  // namespace bgplb::core
