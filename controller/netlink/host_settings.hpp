#pragma once
// Adjusts the sysctls of the host that VIPs depend on; reconcile::HostSettings gives the reasons.
// Called by RtnlKernel.

#include "base/address.hpp"
#include "base/result.hpp"
#include "netlink/codec.hpp"
#include "netlink/socket.hpp"

#include <string>

namespace bgplb::netlink {

// Sets rp_filter of `link` to 2 (loose) if strict filtering is in effect on the link. The kernel
// uses the greater of the link's value and the value of "all". Returns whether the link is loose
// although the host's values ("all", "default") are strict: by this call or an earlier one.
Result<bool> relaxReversePathFilter(Socket& socket, const Link& link);

// rp_filter of the container's end of a veth pair, in the container's network namespace. NotFound:
// the other end is in this namespace, or has no IPv4.
Result<unsigned> containerReversePathFilter(Socket& socket, const Link& hostEnd);

// Sets fib_multipath_hash_policy of the family to 1 if it is 0. Invalid: the file cannot be
// written; the message contains the command for the operator.
Result<void> hashFlows(Family family);

// Sets net.ipv6.conf.LINK.accept_ra to 0. Otherwise a router advertisement (RFC 4861) from a
// container would give the host a default route into that container. False: the file cannot be
// written. True as well where the link has no IPv6.
bool refuseRouterAdvertisements(const std::string& link);

}  // namespace bgplb::netlink
