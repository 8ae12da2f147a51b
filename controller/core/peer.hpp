#pragma once
// A BGP neighbour as one value. Its identity and the operator's choices come from the settings.
// peering.cpp derives hops, source and next hops from the host's addresses and routes.
// bird/render.cpp provides each described member to the template as a variable of the same name.

#include "base/address.hpp"
#include "base/secret.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bgplb::core {

struct Peer {
  // BIRD's protocol is lb_peer_<name>. An index would change when another peer is removed.
  std::string name;
  Address address;
  std::uint32_t as = 0;
  Secret password;                  // TCP MD5 (RFC 2385); empty: none
  std::optional<unsigned> hops;     // TTL; 1: on a connected network; none: BIRD's default, 64
  std::optional<Address> source;    // of the session; none: the kernel selects it
  std::optional<Address> nextHop4;  // of the IPv4 routes; none: no IPv4 route is exported
  std::optional<Address> nextHop6;  // of the IPv6 routes; none: no IPv6 route is exported

  friend bool operator==(const Peer&, const Peer&) = default;
};
BOOST_DESCRIBE_STRUCT(Peer, (), (name, address, as, password, hops, source, nextHop4, nextHop6))

// The default name of a peer: its address with `_` for every dot and colon.
std::string peerName(const Address& address);

// An address of a BGP peer, a session's source or a next hop: usable unicast, or an IPv4 link-local
// address, which some hosting companies use for BGP (169.254.169.254 at Vultr, a /29 of
// 169.254.0.0/16 in an AWS Transit Gateway Connect attachment). Not 169.254.77.0/24, the addresses
// of our own next hops.
bool isSessionAddress(const Address& address);

// Each function returns an empty text for a valid value; otherwise the reason, as a phrase without
// a full stop and without secrets.
std::string nameProblem(std::string_view name);
std::string asProblem(std::uint32_t as);
std::string passwordProblem(std::string_view password);

// The values that BIRD or the kernel would refuse, and names or addresses that two peers share.
// Each problem is one sentence that contains the peer's address.
std::vector<std::string> peerProblems(const std::vector<Peer>& peers);

}  // namespace bgplb::core
