#include "core/link_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace bgplb::core {

namespace {

constexpr std::string_view kVethHostPrefix = "bgl";
constexpr std::string_view kVethContainerPrefix = "bgc";

// The next hops' addresses are in this /24 and this /120.
constexpr std::array<std::uint8_t, 4> kNextHops4{169, 254, 77, 0};
constexpr std::array<std::uint8_t, 16> kNextHops6{0xfe, 0x80, 0, 0, 0, 0,    0, 0,
                                                  0,    0,    0, 0, 0, 0x77, 0, 0};

}  // namespace

Address nextHop(Family family, Slot slot) {
  auto v4 = kNextHops4;
  auto v6 = kNextHops6;
  v4.back() = v6.back() = static_cast<std::uint8_t>(slot);
  return Address::fromBytes(family, family == Family::V4 ? v4.data() : v6.data());
}

std::optional<Slot> slotOf(const Address& address) {
  const Slot slot = address.bytes()[address.size() - 1];
  if (slot == 0 || slot > kSlots || nextHop(address.family(), slot) != address) return std::nullopt;
  return slot;
}

std::string bridgeName(const NetworkId& network) {
  return fmt::format("{}{}", kBridgePrefix, network.value.substr(0, 9));
}

std::string vethHostName(const EndpointId& endpoint) {
  return fmt::format("{}{}", kVethHostPrefix, endpoint.value.substr(0, 12));
}

std::string vethContainerName(const EndpointId& endpoint) {
  return fmt::format("{}{}", kVethContainerPrefix, endpoint.value.substr(0, 12));
}

EndpointId firstEndpointOf(std::string_view vethHost) {
  return EndpointId(
      std::string(vethHost.substr(std::min(kVethHostPrefix.size(), vethHost.size()))));
}

bool isVethHostName(std::string_view link) {
  return link.size() == kVethHostPrefix.size() + 12 && link.starts_with(kVethHostPrefix) &&
         link.find_first_not_of("0123456789abcdef", kVethHostPrefix.size()) == std::string::npos;
}

}  // namespace bgplb::core
