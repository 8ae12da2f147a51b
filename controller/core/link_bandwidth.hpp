#pragma once
// Which share of a VIP's traffic this host should get, in the words that routers have for it: the
// link bandwidth extended community (RFC 10005). Their unit is bytes per second, but a router that
// spreads by it looks only at the proportion between its next hops.

#include <compare>
#include <cstddef>
#include <cstdint>

namespace bgplb::core {

struct LinkBandwidth {
  std::uint64_t bytesPerSecond = 0;
  friend auto operator<=>(const LinkBandwidth&, const LinkBandwidth&) = default;
};

// Of a host whose ready backends weigh `weight` each.
constexpr LinkBandwidth linkBandwidth(std::size_t readyBackends, unsigned weight) {
  return {std::uint64_t{readyBackends} * weight};
}

}  // namespace bgplb::core
