#pragma once
// Primes neighbour discovery. A container that has just started cannot solicit its gateway yet, but
// it learns the gateway's link-layer address when the gateway solicits the container (RFC 4861
// section 7.2.3; docs/decisions/0011). Called by RtnlKernel.

#include "base/address.hpp"
#include "base/result.hpp"

namespace bgplb::netlink {

// Sends an empty UDP datagram to port 9 (discard, RFC 863) of an IPv6 neighbour, so that the kernel
// solicits the neighbour. Does not wait for the result. Transient: no route to the neighbour, or no
// free file descriptor.
Result<void> primeNeighbor(const Address& neighbor);

}  // namespace bgplb::netlink
