#include "core/actions.hpp"

#include "base/overloaded.hpp"

#include <fmt/format.h>

namespace bgplb::core {

std::string toText(const Action& action) {
  return std::visit(
      Overloaded{
          [](const BridgeAdd& a) {
            return fmt::format("link add {} type bridge mtu {}", a.name, a.mtu);
          },
          [](const VethAdd& a) {
            return fmt::format("link add {} master {} mtu {} type veth peer {}", a.host, a.bridge,
                               a.mtu, a.container);
          },
          [](const PortIsolate& a) {
            return fmt::format("fdb replace {} dev {} master static, isolated on", a.mac.toString(),
                               a.host);
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
            for (const auto& via : a.members)
              members += (members.empty() ? "" : "/") + via.toString();
            return fmt::format("nexthop replace group {} dev {}", members, a.dev);
          },
          [](const GroupDel& a) {
            return fmt::format("nexthop del group of IPv{} dev {}", static_cast<int>(a.family),
                               a.dev);
          },
          [](const PinnedRouteReplace& a) {
            return fmt::format("route replace {} via {} dev {} onlink, table of slot {}",
                               a.route.destination.toString(), a.route.via.toString(), a.dev,
                               slotOf(a.route.via).value_or(0));
          },
          [](const PinnedRouteDel& a) {
            return fmt::format("route del {} via {} dev {}, table of slot {}",
                               a.route.destination.toString(), a.route.via.toString(), a.dev,
                               slotOf(a.route.via).value_or(0));
          },
          [](const UdpRouteReplace& a) {
            return fmt::format("route replace {} dev {}, table for UDP of slot {}",
                               a.route.destination.toString(), a.dev,
                               slotOf(a.route.via).value_or(0));
          },
          [](const UdpRouteDel& a) {
            return fmt::format("route del {} dev {}, table for UDP of slot {}",
                               a.route.destination.toString(), a.dev,
                               slotOf(a.route.via).value_or(0));
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

KernelNetwork applied(KernelNetwork before, const Action& action) {
  KernelNetwork& state = before;
  const Overloaded visitor{
      [&state](const BridgeAdd& a) {
        state.bridge = true;
        state.mtu = a.mtu;
      },
      [&state](const VethAdd& a) { state.veths.insert(a.host); },
      [&state](const PortIsolate& a) { state.isolated[a.host] = a.mac; },
      [&state](const LinkDel& a) {
        if (isVethHostName(a.name)) {
          state.removeVeth(a.name);
        } else {
          state = {};
        }
      },
      [&state](const NextHopAdd& a) { state.nextHops.insert(a.via); },
      [&state](const NextHopDel& a) { state.removeNextHop(a.via); },
      [&state](const GroupReplace& a) { state.groups[a.family] = a.members; },
      [&state](const GroupDel& a) { state.removeGroup(a.family); },
      [&state](const RouteReplace& a) {
        state.routes.insert(a.destination);
        state.strays.erase(a.destination);
      },
      [&state](const RouteDel& a) {
        state.routes.erase(a.destination);
        state.strays.erase(a.destination);
      },
      [&state](const PinnedRouteReplace& a) { state.pinned.insert(a.route); },
      [&state](const PinnedRouteDel& a) { state.pinned.erase(a.route); },
      [&state](const UdpRouteReplace& a) { state.released.insert(a.route); },
      [&state](const UdpRouteDel& a) { state.released.erase(a.route); },
      [&state](const NeighReplace& a) { state.neighbors[a.address] = a.mac; },
      [&state](const NeighDel& a) { state.neighbors.erase(a.address); },
  };
  std::visit(visitor, action);
  return before;
}

}  // namespace bgplb::core
