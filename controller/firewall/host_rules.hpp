#pragma once
// The rules of the nft table `inet bgplb` (of the second instance: `inet bgplb2`), for what
// iptables cannot do: it has no match for the next hop of a packet. Pure. Called by Iptables.
//
// 1. It keeps established connections on their backend. Each connection to a VIP is marked with the
//    slot of the backend that received its first packet (marks.hpp). Every later packet gets that
//    slot as its mark, and a policy rule routes it to the same backend (core/kernel_network.hpp).
//    New connections have no mark, so the next-hop group selects their backend.
//
//      learn     after routing: a next hop of 169.254.77.N or fe80::77:N means slot N
//      restore   before routing; locally generated packets are routed again. After the rules of
//                other programs in the same hook: Tailscale's replace the whole packet mark
//
//    Only packets in the original direction are marked, ICMP errors about replies (such as "packet
//    too big") included: these must reach the backend that sent the reply. The number of rules
//    depends neither on the number of VIPs nor on the number of backends, because the slot is
//    copied from the address bit by bit.
//
// 2. It drops what containers must not send:
//
//      entry     before routing: what enters by bgplb-*, where nothing legitimate comes from
//      sources   before routing, on the bridges whose reverse path filter this program has
//                loosened: packets whose source is neither routed to that bridge (RFC 3704 section
//                2.2) nor a VIP of this host
//      listener  connections to BIRD's port that are not from a peer. BIRD would log and close
//                each, or end its session with a peer whose address is forged

#include "base/address.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>

namespace bgplb::firewall {

// BIRD's listening sockets.
struct Listener {
  std::uint16_t port = 0;
  std::set<Address> addresses;  // of this host
  std::set<Family> wildcards;   // families in which BIRD listens on all addresses
  std::set<Address> peers;      // may connect
  friend bool operator==(const Listener&, const Listener&) = default;
};

struct HostRules {
  bool vips = false;               // there are VIP networks
  std::set<std::string> loosened;  // links whose reverse path filter this program has loosened
  std::optional<Listener> listener;
};

// The content of the table (nft_table.hpp); empty: no table is wanted.
std::string hostRules(const HostRules& rules);

}  // namespace bgplb::firewall
