#pragma once
// The share of a VIP's traffic that this host should get, as a link bandwidth extended community
// (RFC 10005). Its unit is bytes per second, but a router that balances by it uses only the
// proportion between its next hops.

#include <compare>
#include <cstddef>
#include <cstdint>

namespace bgplb::core {

struct LinkBandwidth {
  std::uint64_t bytesPerSecond = 0;
  friend auto operator<=>(const LinkBandwidth&, const LinkBandwidth&) = default;
};

// The value for a host whose ready backends have the weight `weight` each.
constexpr LinkBandwidth linkBandwidth(std::size_t readyBackends, unsigned weight) {
  return {std::uint64_t{readyBackends} * weight};
}

}  // namespace bgplb::core
