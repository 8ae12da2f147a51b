#pragma once
// rtnetlink messages as values. Nothing here talks to the kernel: bytes in, values out.
// docs: rtnetlink(7), linux/if_link.h, linux/rtnetlink.h, linux/neighbour.h.

#include "base/address.hpp"
#include "base/result.hpp"
#include "reconcile/ports.hpp"

#include <linux/netlink.h>

#include <optional>
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
  std::optional<MacAddress> address;
  friend bool operator==(const Link&, const Link&) = default;
};

// A unicast route in any table but the local one, for any source and type of service.
struct Route {
  Prefix destination;
  unsigned table = 0;
  unsigned char protocol = 0;
  unsigned metric = 0;
  int ifIndex = 0;  // 0: none or several next hops
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

using Object = std::variant<Link, Route, Neighbor, reconcile::HostAddress>;

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
