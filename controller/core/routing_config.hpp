#pragma once
// The values of BIRD's main configuration. VIPs are in included files instead, so that a change of
// a VIP affects no session. peering.cpp creates the value; bird/render.cpp provides each described
// member to the template as a variable of the same name.

#include "base/address.hpp"
#include "core/peer.hpp"

#include <boost/describe/class.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace bgplb::core {

inline constexpr std::chrono::seconds kLeastHoldTime{3};          // RFC 4271 section 4.2
inline constexpr std::chrono::seconds kLargestHoldTime{65535};    // two octets
inline constexpr std::chrono::seconds kLargestRestartTime{4095};  // 12 bits (RFC 4724 section 3)

struct RoutingConfig {
  Address routerId;  // IPv4: the BGP identifier
  std::uint32_t localAs = 0;
  std::uint16_t listenPort = 0;      // required: BIRD always opens a listening socket
  std::chrono::seconds holdTime{9};  // a keepalive is sent every third of it (RFC 4271 section 10)
  bool gracefulRestart = true;       // RFC 4724
  std::chrono::seconds gracefulRestartTime{120};  // how long peers keep our stale routes
  std::vector<Prefix> allowedPrefixes;            // of the exported routes; empty: no limit
  std::vector<Peer> peers;

  friend bool operator==(const RoutingConfig&, const RoutingConfig&) = default;
};
BOOST_DESCRIBE_STRUCT(RoutingConfig, (),
                      (routerId, localAs, listenPort, holdTime, gracefulRestart,
                       gracefulRestartTime))

// The values that BIRD would refuse, including those of the peers. Each problem is one sentence.
std::vector<std::string> routingProblems(const RoutingConfig& config);

}  // namespace bgplb::core
