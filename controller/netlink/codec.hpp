#pragma once
// Parses rtnetlink messages into values. Pure, no system calls. Called by Socket and Monitor with
// what they receive. Formats: rtnetlink(7), linux/if_link.h, linux/rtnetlink.h, linux/neighbour.h.

#include "base/address.hpp"
#include "base/result.hpp"
#include "core/instance.hpp"
#include "reconcile/ports.hpp"

#include <linux/netlink.h>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <variant>

namespace bgplb::netlink {

struct Link {
  int index = 0;
  std::string name;
  std::string kind;  // IFLA_INFO_KIND: "bridge", "veth", ...; empty for a physical device
  int master = 0;    // index of the bridge (or bond, VRF) it is a port of; 0: none
  unsigned mtu = 0;
  bool up = false;  // administratively (IFF_UP)
  // IFF_RUNNING or IFF_LOWER_UP. When a notification shows a link without both flags, the kernel
  // has removed the next hops on the link.
  bool running = false;
  // IFF_LOWER_UP alone: a new link has IFF_RUNNING until the kernel has evaluated its carrier.
  bool carrier = false;
  std::optional<MacAddress> address;
  // A bridge port that exchanges frames only with the bridge itself and does not learn
  // (IFLA_BRPORT_ISOLATED on; LEARNING, UNICAST_FLOOD, MCAST_FLOOD and BCAST_FLOOD off).
  bool isolated = false;
  // net.ipv6.conf.*.accept_ra; the kernel sends no notification when it changes.
  std::uint32_t acceptRa = 0;
  friend bool operator==(const Link&, const Link&) = default;
};

// A unicast route in any table except the local one. Routes that match only some sources or one
// type of service are excluded.
struct Route {
  Prefix destination;
  unsigned table = 0;
  unsigned char protocol = 0;
  unsigned metric = 0;
  int ifIndex = 0;            // 0: none or several next hops
  std::uint32_t nextHop = 0;  // RTA_NH_ID; 0: the route has no nexthop object
  std::optional<Address> gateway;
  std::optional<Address> source;
  friend bool operator==(const Route&, const Route&) = default;
};

struct Neighbor {
  int ifIndex = 0;
  Address address;
  MacAddress mac;
  bool permanent = false;
  friend bool operator==(const Neighbor&, const Neighbor&) = default;
};

// An entry of a bridge's forwarding database.
struct ForwardingEntry {
  int ifIndex = 0;  // the port
  MacAddress mac;
  bool isStatic = false;
  friend bool operator==(const ForwardingEntry&, const ForwardingEntry&) = default;
};

// A nexthop object: a single next hop, or a group of them.
struct NextHop {
  std::uint32_t id = 0;
  unsigned char protocol = 0;
  int ifIndex = 0;  // 0: a group
  std::optional<Address> gateway;
  std::set<std::uint32_t> members;  // group members; empty for a single next hop
  friend bool operator==(const NextHop&, const NextHop&) = default;
};

// One of our routing policy rules: packets with the slot's mark, or only UDP packets with it, are
// routed by a table of the slot.
struct SlotRule {
  Family family = Family::V4;
  core::Slot slot = 0;
  bool udp = false;
  friend auto operator<=>(const SlotRule&, const SlotRule&) = default;
};

using Object =
    std::variant<Link, Route, Neighbor, ForwardingEntry, NextHop, SlotRule, reconcile::HostAddress>;

enum class Change {
  Present,   // new or altered
  Replaced,  // a route that replaced another one with the same destination and metric; the kernel
             // sends no notification about the replaced route
  Removed,
};

struct Notification {
  Change change = Change::Present;
  Object object;
  friend bool operator==(const Notification&, const Notification&) = default;
};

// Whether the `left` bytes that begin at `message` hold the complete message.
bool isWhole(const nlmsghdr* message, int left);

// Parses a message of a dump or of a multicast group. None: irrelevant to the mirror of `instance`,
// or malformed.
std::optional<Notification> parse(const nlmsghdr& message, core::Instance instance);

// Parses the reply to RTM_GETROUTE: a route of any table and type.
std::optional<Route> parseRouteReply(const nlmsghdr& message);

// Parses the reply to RTM_GETNETCONF: the rp_filter setting of one link, or of "all".
std::optional<unsigned> parseReversePathFilter(const nlmsghdr& message);

// An NLMSG_ERROR, or an NLMSG_DONE, which also carries an errno if a dump fails part-way.
struct Reply {
  int error = 0;     // positive errno; 0: success
  std::string text;  // NLMSGERR_ATTR_MSG of the extended acknowledgement; may be empty
  friend bool operator==(const Reply&, const Reply&) = default;
};
Reply parseReply(const nlmsghdr& message);

// Maps an errno of rtnetlink to a kind of error, by which the caller decides how to react.
Error errorOf(const Reply& reply);

// The metric of our routes: the smallest one, so that no other program's route to the same
// destination is preferred. IPv6: the kernel replaces 0 by 1024 (IP6_RT_PRIO_USER), which loses to
// routes of a routing daemon (FRR uses 20).
unsigned routeMetric(Family family);
// Also accepts the kernel's default, which earlier versions of this program used for IPv6.
bool isRouteMetric(Family family, unsigned metric);

}  // namespace bgplb::netlink
