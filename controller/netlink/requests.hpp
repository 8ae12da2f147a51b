#pragma once
// Builds rtnetlink requests. Each function returns one message; Socket sets the sequence number and
// sends it. Pure. Called by all parts of netlink/ that talk to the kernel.

#include "base/address.hpp"
#include "core/actions.hpp"
#include "core/instance.hpp"

#include <linux/netlink.h>

#include <array>
#include <cstdint>
#include <set>
#include <string>

namespace bgplb::netlink {

class Request {
 public:
  Request(std::uint16_t type, unsigned flags);

  nlmsghdr& header() { return *reinterpret_cast<nlmsghdr*>(buffer_.data()); }
  const nlmsghdr& header() const { return *reinterpret_cast<const nlmsghdr*>(buffer_.data()); }

 private:
  // The longest request, a group of core::kSlots next hops, takes 2,100 bytes.
  alignas(NLMSG_ALIGNTO) std::array<char, 4096> buffer_;
};

// Creates a bridge with a fixed MAC address. Otherwise the bridge would use the lowest MAC address
// of its ports, and on every change of its MAC address the kernel removes all neighbours on the
// bridge, permanent ones included. STP is off and the forward delay is 0, so that a port forwards
// immediately. Multicast snooping is off: without a querier it would only drop neighbour discovery
// messages.
Request bridgeAdd(const std::string& name, const MacAddress& address);
// Applies the same settings, except the forward delay, to an existing bridge.
Request bridgeChange(int index);
Request vethAdd(const std::string& host, const std::string& container, unsigned mtu);

Request linkSetAddress(int index, const MacAddress& address);
// Disables the generation of an IPv6 link-local address, so that the host has no address on the VIP
// network that answers requests. Must be sent before the link is set up.
Request linkSetNoAddressGeneration(int index);
Request linkSetMtu(int index, unsigned mtu);
Request linkSetMaster(int index, int master);
// Isolates a bridge port (`bridge link set dev ... isolated on learning off flood off mcast_flood
// off bcast_flood off`; isolated: Linux 4.18).
Request portIsolate(int index);
// A static entry of the forwarding database of the port's bridge.
Request forwardingReplace(const MacAddress& mac, int port);
Request forwardingDel(const MacAddress& mac, int port);
Request linkSetUp(int index);
Request linkDel(int index);

// Sets net.ipv4.conf.*.rp_filter: 0 off, 1 strict, 2 loose (RFC 3704). Uses netlink because
// /proc/sys may be absent or read-only. The kernel uses the greater of a link's value and the value
// of "all".
Request linkSetReversePathFilter(int index, unsigned mode);
inline constexpr int kAllLinks = -1;  // NETCONFA_IFINDEX_ALL
inline constexpr int kNewLinks = -2;  // NETCONFA_IFINDEX_DEFAULT
Request settingsGet(int index);       // RTM_GETNETCONF

Request linkGet(int index);
// A link of another network namespace (IFLA_TARGET_NETNSID, Linux 4.16).
Request linkGet(int index, int netns);

enum class IfExists { Fail, Replace };
// Adds a route with our protocol and routeMetric() through a nexthop object to the main table.
Request routeAdd(core::Instance instance, const Prefix& destination, std::uint32_t nextHop,
                 IfExists ifExists);
// Removes a route with our protocol and that metric from the main table, if it uses that nexthop
// object or, with `nextHop` 0, if it is on that link.
Request routeDel(core::Instance instance, const Prefix& destination, std::uint32_t nextHop,
                 int ifIndex, unsigned metric);
// A route in the table of the slot that `route.via` encodes (core::slotOf()).
Request pinnedRouteAdd(core::Instance instance, const core::PinnedRoute& route, int ifIndex,
                       IfExists ifExists);
Request pinnedRouteDel(core::Instance instance, const core::PinnedRoute& route, int ifIndex);
// A route through a nexthop object in the table for UDP of the slot that `route.via` encodes.
Request udpRouteAdd(core::Instance instance, const core::PinnedRoute& route, std::uint32_t nextHop,
                    IfExists ifExists);
Request udpRouteDel(core::Instance instance, const core::PinnedRoute& route);

// RTNH_F_ONLINK: `via` is on the link, although no route covers it. The kernel refuses the request
// while the link has no carrier.
Request nextHopAdd(core::Instance instance, std::uint32_t id, const Address& via, int ifIndex);
Request nextHopDel(std::uint32_t id);

// How a group distributes flows. Resilient (Linux 5.13, Documentation/networking/
// nexthop-group-resilient.rst): each flow hashes to one of a fixed number of buckets, and a change
// of members migrates as few buckets as possible. A bucket migrates to a new member once it has
// been idle for `idle`, or once the group has been unbalanced for `unbalanced` (0: never).
struct Spreading {
  bool resilient = true;
  unsigned idle = 0;        // seconds
  unsigned unbalanced = 0;  // seconds
};
// Creates the group, or replaces its members.
Request groupReplace(core::Instance instance, std::uint32_t id,
                     const std::set<std::uint32_t>& members, const Spreading& spreading);

// Packets with the slot's mark are routed by the slot's table. If that table has no matching route,
// the lookup continues with the next rule. `udp`: only UDP packets, by the slot's table for UDP
// (FRA_IP_PROTO, Linux 4.17).
Request ruleAdd(core::Instance instance, Family family, core::Slot slot, bool udp);
Request ruleDel(core::Instance instance, Family family, core::Slot slot, bool udp);
// Queries the next hop, device and source address that a packet to `destination` would use.
Request routeGet(const Address& destination);
// Queries the routing table entry that matches `destination` (RTM_F_FIB_MATCH).
Request routeMatch(const Address& destination);

Request neighReplace(const Address& address, const MacAddress& mac, int ifIndex);
Request neighDel(const Address& address, int ifIndex);

Request linkDump();
Request neighDump();
Request forwardingDump();
Request addressDump();
// The kernel filters by our protocol (NETLINK_GET_STRICT_CHK, Linux 4.20). An older kernel returns
// all routes.
Request routeDump(core::Instance instance, Family family);
Request nextHopDump();
Request nextHopDump(int ifIndex);  // only nexthop objects on that link, no groups
Request ruleDump(Family family);

}  // namespace bgplb::netlink
