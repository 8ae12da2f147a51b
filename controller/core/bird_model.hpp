#pragma once
// What BIRD's main configuration is rendered from. VIPs are not in it: they live in included files,
// so that no change of a VIP touches a session.

#include "base/address.hpp"
#include "base/secret.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace bgplb::core {

struct BirdPeer {
  Address address;
  std::uint32_t as = 0;  // 1..4294967295 (RFC 6793)
  Secret password;       // TCP MD5 (RFC 2385); empty: none
  bool multihop = false;  // not on a network of ours: reached through a gateway

  friend bool operator==(const BirdPeer&, const BirdPeer&) = default;
};

struct BirdModel {
  Address routerId;               // V4; also the source and IPv4 next hop
  std::uint32_t localAs = 0;      // 1..4294967295
  std::uint16_t listenPort = 0;   // BIRD always listens somewhere
  std::chrono::seconds holdTime{9};  // keepalive is a third of it (RFC 4271 section 10)
  bool gracefulRestart = true;       // RFC 4724
  std::chrono::seconds gracefulRestartTime{120};  // how long peers keep our routes without us; 12 bits
  std::vector<BirdPeer> peers;    // protocols lb_peer1, lb_peer2, ... in this order

  // The IPv6 next hop for each peer (same order and size as `peers`): this host's address on the
  // interface that reaches the peer, or ROUTER_ID6. None: no IPv6 is exported to that peer. It is
  // also the source of a session to an IPv6 peer.
  std::vector<std::optional<Address>> nextHop6;

  friend bool operator==(const BirdModel&, const BirdModel&) = default;
};

}  // namespace bgplb::core
