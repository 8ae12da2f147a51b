#include "core/kernel.hpp"

#include "base/overloaded.hpp"

#include <fmt/format.h>

#include <array>

namespace bgplb::core {

namespace {

constexpr std::string_view kVethHostPrefix = "bgl";
constexpr std::string_view kVethContainerPrefix = "bgc";

// The addresses of next hops are those of a /24 and of a /120.
constexpr std::array<std::uint8_t, 4> kNextHops4{169, 254, 77, 0};
constexpr std::array<std::uint8_t, 16> kNextHops6{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x77, 0, 0};

std::uint32_t tableOf(const PinnedRoute& route) {
  return kSlotTable + slotOf(route.via).value_or(0);
}

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

bool isVethHostName(std::string_view link) {
  return link.size() == kVethHostPrefix.size() + 12 && link.starts_with(kVethHostPrefix) &&
         link.find_first_not_of("0123456789abcdef", kVethHostPrefix.size()) == std::string::npos;
}

std::string toText(const Action& action) {
  return std::visit(
      Overloaded{
          [](const BridgeAdd& a) { return fmt::format("link add {} type bridge mtu {}", a.name, a.mtu); },
          [](const VethAdd& a) {
            return fmt::format("link add {} master {} mtu {} type veth peer {}", a.host, a.bridge,
                               a.mtu, a.container);
          },
          [](const LinkDel& a) { return fmt::format("link del {}", a.name); },
          [](const NextHopAdd& a) {
            return fmt::format("nexthop add via {} dev {} onlink", a.via.toString(), a.dev);
          },
          [](const NextHopDel& a) {
            return fmt::format("nexthop del via {} dev {}", a.via.toString(), a.dev);
          },
          [](const GroupReplace& a) {
            std::string members;
            for (const auto& via : a.members) members += (members.empty() ? "" : "/") + via.toString();
            return fmt::format("nexthop replace group {} dev {}", members, a.dev);
          },
          [](const GroupDel& a) {
            return fmt::format("nexthop del group of IPv{} dev {}", static_cast<int>(a.family), a.dev);
          },
          [](const PinnedRouteReplace& a) {
            return fmt::format("route replace {} via {} dev {} onlink table {}",
                               a.route.destination.toString(), a.route.via.toString(), a.dev,
                               tableOf(a.route));
          },
          [](const PinnedRouteDel& a) {
            return fmt::format("route del {} via {} dev {} table {}", a.route.destination.toString(),
                               a.route.via.toString(), a.dev, tableOf(a.route));
          },
          [](const RouteReplace& a) {
            return fmt::format("route replace {} dev {}", a.destination.toString(), a.dev);
          },
          [](const RouteDel& a) {
            return fmt::format("route del {} dev {}", a.destination.toString(), a.dev);
          },
          [](const NeighReplace& a) {
            return fmt::format("neigh replace {} lladdr {} dev {} nud permanent",
                               a.address.toString(), a.mac.toString(), a.dev);
          },
          [](const NeighDel& a) {
            return fmt::format("neigh del {} dev {}", a.address.toString(), a.dev);
          },
      },
      action);
}

}  // namespace bgplb::core
