#pragma once
// What BIRD's main configuration is rendered from. VIPs are not in it: they live in included files,
// so that no change of a VIP touches a session. bird/render.cpp offers each described member to the
// template as a variable of the same name.

#include "base/address.hpp"
#include "core/peer.hpp"

#include <boost/describe/class.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace bgplb::core {

inline constexpr std::chrono::seconds kLeastHoldTime{3};        // RFC 4271 section 4.2
inline constexpr std::chrono::seconds kLargestHoldTime{65535};  // two octets
inline constexpr std::chrono::seconds kLargestRestartTime{
    4095};  // twelve bits (RFC 4724 section 3)

struct RoutingConfig {
  Address routerId;  // IPv4: the BGP identifier
  std::uint32_t localAs = 0;
  std::uint16_t listenPort = 0;      // BIRD always listens somewhere
  std::chrono::seconds holdTime{9};  // keepalives are sent every third of it (RFC 4271 section 10)
  bool gracefulRestart = true;       // RFC 4724
  std::chrono::seconds gracefulRestartTime{120};  // peers keep our routes for so long without us
  std::vector<Peer> peers;

  friend bool operator==(const RoutingConfig&, const RoutingConfig&) = default;
};
BOOST_DESCRIBE_STRUCT(RoutingConfig, (),
                      (routerId, localAs, listenPort, holdTime, gracefulRestart,
                       gracefulRestartTime))

// What BIRD would refuse, a sentence each; those of the peers are among them.
std::vector<std::string> routingProblems(const RoutingConfig& config);

}  // namespace bgplb::core
