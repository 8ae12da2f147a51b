#include "core/plan.hpp"

namespace bgplb::core {

namespace {

class Plan {
 public:
  Plan(const std::string& bridge, const KernelNetwork& desired, const KernelNetwork& observed)
      : bridge_(bridge), desired_(desired), observed_(observed) {}

  // Before the next hops and links, so that no packet is routed to a removed object.
  void removeRoutes() {
    for (const auto& route : observed_.routes) {
      if (!desired_.routes.contains(route)) add(RouteDel{route, bridge_});
    }
    for (const auto& route : observed_.strays) {
      if (!desired_.routes.contains(route)) add(RouteDel{route, bridge_});
    }
    for (const auto& route : observed_.pinned) {
      if (!desired_.pinned.contains(route)) add(PinnedRouteDel{route, bridge_});
    }
    for (const auto& route : observed_.released) {
      if (!desired_.released.contains(route)) add(UdpRouteDel{route, bridge_});
    }
    for (const auto& [family, members] : observed_.groups) {
      if (!desired_.groups.contains(family)) add(GroupDel{family, bridge_});
    }
  }

  void addLinks(const std::map<std::string, std::string>& containerEnds) {
    if (desired_.bridge && (!observed_.bridge || desired_.mtu != observed_.mtu)) {
      add(BridgeAdd{bridge_, desired_.mtu});
    }
    for (const auto& veth : desired_.veths) {
      if (!observed_.veths.contains(veth)) {
        const auto container = containerEnds.find(veth);
        if (container == containerEnds.end()) continue;
        add(VethAdd{veth, container->second, bridge_, desired_.mtu});
      }
      isolate(veth);
    }
  }

  void addNextHops() {
    for (const auto& [address, mac] : desired_.neighbors) {
      const auto found = observed_.neighbors.find(address);
      if (found == observed_.neighbors.end() || found->second != mac) {
        add(NeighReplace{address, mac, bridge_});
      }
    }
    for (const auto& via : desired_.nextHops) {
      if (!observed_.nextHops.contains(via)) add(NextHopAdd{via, bridge_});
    }
    for (const auto& [family, members] : desired_.groups) {
      const auto found = observed_.groups.find(family);
      if (found == observed_.groups.end() || found->second != members) {
        add(GroupReplace{family, members, bridge_});
      }
    }
  }

  // Pinned routes before the main table's: if all routes are missing, the main table's route would
  // lead established connections to another backend, which resets them. Without any route, their
  // packets are lost and sent again. The routes for UDP before the pinned ones, which may lead to a
  // backend that is not ready yet.
  void addRoutes() {
    for (const auto& route : desired_.released) {
      if (!observed_.released.contains(route)) add(UdpRouteReplace{route, bridge_});
    }
    for (const auto& route : desired_.pinned) {
      if (!observed_.pinned.contains(route)) add(PinnedRouteReplace{route, bridge_});
    }
    for (const auto& route : desired_.routes) {
      const bool complete = observed_.routes.contains(route) && !observed_.strays.contains(route);
      if (!complete) add(RouteReplace{route, bridge_});
    }
  }

  // The kernel removes a bridge's neighbour entries together with the bridge, but not the veth
  // pairs that were its ports.
  void removeTheRest() {
    for (const auto& via : observed_.nextHops) {
      if (!desired_.nextHops.contains(via)) add(NextHopDel{via, bridge_});
    }
    for (const auto& [address, mac] : observed_.neighbors) {
      if (!desired_.neighbors.contains(address)) add(NeighDel{address, bridge_});
    }
    for (const auto& veth : observed_.veths) {
      if (!desired_.veths.contains(veth)) add(LinkDel{veth});
    }
    if (observed_.bridge && !desired_.bridge) add(LinkDel{bridge_});
  }

  std::vector<Action> take() { return std::move(actions_); }

 private:
  void isolate(const std::string& veth) {
    const auto wanted = desired_.isolated.find(veth);
    if (wanted == desired_.isolated.end()) return;
    const auto found = observed_.isolated.find(veth);
    if (found != observed_.isolated.end() && found->second == wanted->second) return;
    add(PortIsolate{veth, wanted->second, bridge_});
  }

  void add(Action action) { actions_.push_back(std::move(action)); }

  const std::string& bridge_;
  const KernelNetwork& desired_;
  const KernelNetwork& observed_;
  std::vector<Action> actions_;
};

}  // namespace

std::vector<Action> plan(const std::string& bridge, const KernelNetwork& desired,
                         const KernelNetwork& observed,
                         const std::map<std::string, std::string>& containerEnds) {
  Plan plan(bridge, desired, observed);
  plan.removeRoutes();
  plan.addLinks(containerEnds);
  plan.addNextHops();
  plan.addRoutes();
  plan.removeTheRest();
  return plan.take();
}

}  // namespace bgplb::core
