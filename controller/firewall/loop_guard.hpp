#pragma once
// The rules of the nft table `inet bgplb_loops` (of the second instance: `inet bgplb2_loops`),
// which rejects packets to a VIP that would return to the router from which they came. Without it,
// a packet that a router still sends to this host for a VIP without a backend follows the default
// route back to the router, which sends it again, until its TTL ends. Pure. Called by Iptables.
//
// The table matches forwarded packets to a VIP whose input and output link are the same link
// towards a BGP peer. So it affects neither clients on this host, which may reach the VIP on
// another host through the router, nor replies from a VIP (docs/decisions/0016-loop-guard.md).

#include "base/address.hpp"

#include <set>
#include <string>

namespace bgplb::firewall {

struct GuardedTraffic {
  std::set<Address> vips;
  std::set<std::string> links;  // names of the links towards the BGP peers
  // Of other instances on this host. They guard these themselves; entry_rules.hpp accepts replies.
  std::set<Address> foreignVips;
};

// The content of the table (nft_table.hpp); empty: there is nothing to guard. A link whose name
// needs quoting in nft is left out.
std::string loopGuardRules(const GuardedTraffic& traffic);

}  // namespace bgplb::firewall
