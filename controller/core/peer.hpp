#pragma once
// A BGP neighbour as one value. The settings give its identity and what the operator chose;
// peering.cpp adds what only the host's addresses and routes can tell (hops, source, next hops);
// bird/render.cpp offers each described member to the template as a variable of the same name.

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
  std::string name;  // BIRD's protocol is lb_peer_<name>, never an index: peers come and go
  Address address;
  std::uint32_t as = 0;
  Secret password;                  // TCP MD5 (RFC 2385); empty: none
  std::optional<unsigned> hops;     // TTL; 1: on a connected network; none: BIRD's 64
  std::optional<Address> source;    // of the session; none: the kernel chooses
  std::optional<Address> nextHop4;  // of the IPv4 routes; none: no IPv4 route is exported
  std::optional<Address> nextHop6;  // of the IPv6 routes; none: no IPv6 route is exported

  friend bool operator==(const Peer&, const Peer&) = default;
};
BOOST_DESCRIBE_STRUCT(Peer, (), (name, address, as, password, hops, source, nextHop4, nextHop6))

// The name of a peer that was given none: its address with `_` for every dot and colon.
std::string peerName(const Address& address);

// Each: empty, or why the value is refused, a phrase without a full stop that quotes no secret.
std::string nameProblem(std::string_view name);
std::string asProblem(std::uint32_t as);
std::string passwordProblem(std::string_view password);

// What BIRD or the kernel would refuse of these peers, and names or addresses that two of them
// share; a sentence each, naming the peer.
std::vector<std::string> peerProblems(const std::vector<Peer>& peers);

}  // namespace bgplb::core
