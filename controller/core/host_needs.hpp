#pragma once
// The addresses that this host itself needs: its own, those of its BGP peers, and the next hops of
// the routes to the peers. A VIP's host route would take over their traffic (core/vip_rules.hpp).
// peering.cpp creates the value from the settings and the host's addresses and routes. The
// reconciler keeps the last one.

#include "base/address.hpp"

#include <map>
#include <set>

namespace bgplb::core {

struct HostNeeds {
  std::set<Address> addresses;          // of the interfaces, and ROUTER_ID and ROUTER_ID6
  std::set<Prefix> connected;           // subnets of these addresses
  std::set<Address> peers;              // PEER_ADDRESS
  std::map<Address, Address> nextHops;  // next hop of the route to a peer -> that peer
  friend bool operator==(const HostNeeds&, const HostNeeds&) = default;
};

}  // namespace bgplb::core
