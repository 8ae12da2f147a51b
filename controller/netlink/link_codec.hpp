#pragma once
// Parses the link messages of rtnetlink (linux/if_link.h). Pure. Called by parse().

#include "netlink/codec.hpp"

#include <linux/netlink.h>

#include <optional>

namespace bgplb::netlink {

// None: the message is not about a link itself, or malformed.
std::optional<Link> parseLink(const nlmsghdr& message);

// The other end of a veth pair: its index (IFLA_LINK), and the id of its network namespace
// (IFLA_LINK_NETNSID).
struct VethPeer {
  int index = 0;
  int netns = 0;
  friend bool operator==(const VethPeer&, const VethPeer&) = default;
};
// None: not a link message, or the other end is in the same network namespace.
std::optional<VethPeer> parseVethPeer(const nlmsghdr& message);

// net.ipv4.conf.LINK.rp_filter of a link message (IFLA_INET_CONF). None: no IPv4 on the link.
std::optional<unsigned> parseLinkReversePathFilter(const nlmsghdr& message);

}  // namespace bgplb::netlink
