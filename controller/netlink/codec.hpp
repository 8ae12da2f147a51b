#pragma once
// rtnetlink messages as values. Nothing here talks to the kernel: bytes in, values out.
// docs: rtnetlink(7), linux/if_link.h, linux/rtnetlink.h, linux/neighbour.h.

#include "base/address.hpp"
#include "base/result.hpp"
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
  // IFF_RUNNING or IFF_LOWER_UP. When a link is told without both, the kernel has removed the next
  // hops on it.
  bool running = false;
  std::optional<MacAddress> address;
  friend bool operator==(const Link&, const Link&) = default;
};

// A unicast route in any table but the local one, for any source and type of service.
struct Route {
  Prefix destination;
  unsigned table = 0;
  unsigned char protocol = 0;
  unsigned metric = 0;
  int ifIndex = 0;            // 0: none or several next hops
  std::uint32_t nextHop = 0;  // RTA_NH_ID; 0: none, the route has its own
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

// A nexthop object: one way, or a group of those.
struct NextHop {
  std::uint32_t id = 0;
  unsigned char protocol = 0;
  int ifIndex = 0;  // 0: a group
  std::optional<Address> gateway;
  std::set<std::uint32_t> members;  // of a group
  friend bool operator==(const NextHop&, const NextHop&) = default;
};

// A routing policy rule of ours: it leads what has the slot's mark to the slot's table.
struct SlotRule {
  Family family = Family::V4;
  core::Slot slot = 0;
  friend auto operator<=>(const SlotRule&, const SlotRule&) = default;
};

using Object = std::variant<Link, Route, Neighbor, NextHop, SlotRule, reconcile::HostAddress>;

enum class Change {
  Present,   // new or altered
  Replaced,  // a route that took the place of the one with its destination and metric: for that
             // one no message comes
  Removed,
};

struct Notification {
  Change change = Change::Present;
  Object object;
  friend bool operator==(const Notification&, const Notification&) = default;
};

// Whether a message is there that ends within the `left` bytes from its header on.
bool isWhole(const nlmsghdr* message, int left);

// From a dump or a multicast group. None: of no interest, or not whole.
std::optional<Notification> parse(const nlmsghdr& message);

// RTM_GETROUTE's answer: a route of any table and type.
std::optional<Route> parseRouteReply(const nlmsghdr& message);

// RTM_GETNETCONF's answer: the rp_filter setting of one link, or of "all".
std::optional<unsigned> parseReversePathFilter(const nlmsghdr& message);

// An NLMSG_ERROR, or an NLMSG_DONE (which carries an errno too when a dump fails half-way).
struct Reply {
  int error = 0;     // positive errno; 0: success
  std::string text;  // the kernel's own words (extended acknowledgement), if it gave any
  friend bool operator==(const Reply&, const Reply&) = default;
};
Reply parseReply(const nlmsghdr& message);

// What a caller can do about an errno of rtnetlink.
Error errorOf(const Reply& reply);

// The metric the kernel gives a route for which none was asked.
unsigned defaultMetric(Family family);

}  // namespace bgplb::netlink
