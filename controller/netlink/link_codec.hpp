#pragma once
// Parses the link messages of rtnetlink (linux/if_link.h). Pure. Called by parse().

#include "netlink/codec.hpp"

#include <linux/netlink.h>

#include <optional>

namespace bgplb::netlink {

// None: the message is not about a link itself, or malformed.
std::optional<Link> parseLink(const nlmsghdr& message);

}  // namespace bgplb::netlink
