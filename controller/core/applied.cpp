// What an action does to a network: core/kernel.hpp's applied().
#include "core/kernel.hpp"

#include "base/overloaded.hpp"

namespace bgplb::core {

void KernelNetwork::removeNextHop(const Address& via) {
  nextHops.erase(via);
  const auto group = groups.find(via.family());
  if (group == groups.end()) return;
  group->second.erase(via);
  if (group->second.empty()) removeGroup(via.family());
}

void KernelNetwork::removeGroup(Family family) {
  groups.erase(family);
  std::erase_if(routes, [family](const Prefix& route) { return route.family() == family; });
}

KernelNetwork applied(KernelNetwork before, const Action& action) {
  KernelNetwork& state = before;
  const Overloaded visitor{
      [&state](const BridgeAdd& a) {
        state.bridge = true;
        state.mtu = a.mtu;
      },
      [&state](const VethAdd& a) { state.veths.insert(a.host); },
      [&state](const LinkDel& a) {
        if (isVethHostName(a.name)) {
          state.veths.erase(a.name);
        } else {
          state = {};
        }
      },
      [&state](const NextHopAdd& a) { state.nextHops.insert(a.via); },
      [&state](const NextHopDel& a) {
        state.removeNextHop(a.via);
      },
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
      [&state](const NeighReplace& a) { state.neighbors[a.address] = a.mac; },
      [&state](const NeighDel& a) { state.neighbors.erase(a.address); },
  };
  std::visit(visitor, action);
  return before;
}

}  // namespace bgplb::core
