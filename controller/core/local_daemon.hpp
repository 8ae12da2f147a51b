#pragma once
// The session with a routing daemon of this host, which announces the VIPs to its own peers
// (docs/decisions/0028-a-routing-daemon-on-the-host.md). Pure; used by settings/ and peering.cpp.

#include "base/address.hpp"

namespace bgplb::core {

// An address of a BGP peer: a session address (core/peer.hpp), or an IPv4 loopback address, at
// which a routing daemon of this host listens.
bool isPeerAddress(const Address& address);

// 127.0.0.2, the source of the session. FRR refuses a neighbor with an address of one of the host's
// interfaces. The kernel accepts all of 127.0.0.0/8 as local.
Address localSource();

// The next hop of the routes: 192.0.0.8 (RFC 7600) or 100::1 (discard prefix, RFC 6666). A daemon
// does not use a route whose next hop is an address of its host. It announces the route with a next
// hop of its own.
Address localNextHop(Family family);

}  // namespace bgplb::core
