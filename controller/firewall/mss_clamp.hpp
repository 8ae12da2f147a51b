#pragma once
// The rules of the nft table `inet bgplb_mss` (of the second instance: `inet bgplb2_mss`), which
// limits the maximum segment size (MSS, RFC 9293 section 3.7.1) of connections to VIPs. A router
// with several next hops for a VIP may send "packet too big" about a connection to a host that does
// not have the connection, so path MTU discovery fails and the connection hangs. With a small MSS,
// no segment is too big. Pure. Called by Iptables.
//
// The table matches forwarded SYN segments in both directions: the MSS in the client's SYN limits
// the segments of the server, the MSS in the SYN-ACK those of the client. nft lowers the value and
// never raises it (docs/decisions/0026-mss-clamp.md).

#include "base/address.hpp"

#include <map>
#include <string>

namespace bgplb::firewall {

// The MSS in bytes of connections to each VIP; a VIP without a limit is missing.
using SegmentLimits = std::map<Address, unsigned>;

// The content of the table (nft_table.hpp); empty: no VIP has a limit.
std::string mssClampRules(const SegmentLimits& limits);

}  // namespace bgplb::firewall
