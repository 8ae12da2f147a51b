#pragma once
// Settings of the host's kernel that the VIPs depend on (reconcile::HostSettings says which and
// why).

#include "base/address.hpp"
#include "base/result.hpp"
#include "netlink/codec.hpp"
#include "netlink/socket.hpp"

namespace bgplb::netlink {

// Sets rp_filter of `link` to 2 (loose) if the link filters strictly, by its own value or by that
// of "all".
Result<void> relaxReversePathFilter(Socket& socket, const Link& link);

// Sets fib_multipath_hash_policy of the family to 1 if it is 0. Invalid: it cannot be written; the
// message has the command.
Result<void> hashFlows(Family family);

}  // namespace bgplb::netlink
