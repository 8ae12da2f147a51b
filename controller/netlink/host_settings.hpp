#pragma once
// Adjusts the sysctls of the host that VIPs depend on; reconcile::HostSettings gives the reasons.
// Called by RtnlKernel.

#include "base/address.hpp"
#include "base/result.hpp"
#include "netlink/codec.hpp"
#include "netlink/socket.hpp"

namespace bgplb::netlink {

// Sets rp_filter of `link` to 2 (loose) if strict filtering is in effect on the link. The kernel
// uses the greater of the link's value and the value of "all".
Result<void> relaxReversePathFilter(Socket& socket, const Link& link);

// Sets fib_multipath_hash_policy of the family to 1 if it is 0. Invalid: the file cannot be
// written; the message contains the command for the operator.
Result<void> hashFlows(Family family);

}  // namespace bgplb::netlink
