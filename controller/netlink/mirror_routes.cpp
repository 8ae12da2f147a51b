// The mirror's routes in the main table, and nexthop objects.
#include "netlink/mirror.hpp"

#include <linux/rtnetlink.h>

#include <algorithm>
#include <iterator>

namespace bgplb::netlink {

void Mirror::foldRoute(const Route& route, Change change, Changes& changes) {
  const bool ourProtocol = route.protocol == instance_.routeProtocol();
  if (ourProtocol && route.table > instance_.slotTable() &&
      route.table <= instance_.slotTable() + core::kSlots) {
    return foldPinned(route, change == Change::Removed, changes);
  }
  if (ourProtocol && route.table > instance_.udpTable() &&
      route.table <= instance_.udpTable() + core::kSlots) {
    return foldReleased(route, change == Change::Removed, changes);
  }
  // We never create routes with another metric, or with a gateway instead of a nexthop object.
  const bool usual =
      route.table == RT_TABLE_MAIN && isRouteMetric(route.destination.family(), route.metric);
  const bool ours = usual && ourProtocol && (route.nextHop != 0 || !route.gateway);
  const NextHopRef ref{route.nextHop, route.nextHop == 0 ? route.ifIndex : 0, route.metric};
  if (usual && change == Change::Replaced) {
    std::set<NextHopRef> holders = nextHopRefs(route.destination);
    std::erase_if(holders, [&](const NextHopRef& holder) { return holder.metric != ref.metric; });
    if (!holders.empty() && (!ours || holders != std::set<NextHopRef>{ref})) {
      changes.unsure = true;
      // The only known route is most likely the replaced one; the dump shows whether others
      // existed.
      if (ours && holders.size() == 1) dropRoute(*holders.begin(), route.destination, changes);
    }
  }
  if (!ours) {
    // The kernel creates link-local and multicast routes for every container with IPv6. They do not
    // affect how other hosts are reached.
    const Address& address = route.destination.address();
    const bool ofContainer = address.isV6() && address.isLinkLocal();
    if (!ofContainer && !address.isMulticast()) changes.hostNetwork = true;
    return;
  }
  if (ref.nextHop == 0 && ref.ifIndex == 0) return;
  if (change == Change::Removed) return dropRoute(ref, route.destination, changes);
  addRoute(ref, route.destination, changes);
}

void Mirror::addRoute(const NextHopRef& ref, const Prefix& destination, Changes& changes) {
  if (!nextHopRefsByRoute_[destination].insert(ref).second) return;
  if (ref.nextHop != 0) {
    routesByNextHop_[ref.nextHop].insert({destination, ref.metric});
  } else {
    devices_[ref.ifIndex].routes.insert({destination, ref.metric});
  }
  markBridges(ref, changes);
}

void Mirror::dropRoute(const NextHopRef& ref, const Prefix& destination, Changes& changes) {
  const auto all = nextHopRefsByRoute_.find(destination);
  if (all == nextHopRefsByRoute_.end() || all->second.erase(ref) == 0) return;
  if (all->second.empty()) nextHopRefsByRoute_.erase(all);
  markBridges(ref, changes);
  if (ref.nextHop != 0) {
    const auto routes = routesByNextHop_.find(ref.nextHop);
    routes->second.erase({destination, ref.metric});
    if (routes->second.empty()) routesByNextHop_.erase(routes);
  } else {
    devices_[ref.ifIndex].routes.erase({destination, ref.metric});
    forgetIfEmpty(ref.ifIndex);
  }
}

void Mirror::dropRoutes(int ifIndex, Family family, Changes& changes) {
  const auto device = devices_.find(ifIndex);
  if (device == devices_.end()) return;
  const auto routes = device->second.routes;
  const auto pinned = device->second.pinned;
  for (const auto& route : routes) {
    const Prefix& destination = route.destination;
    if (destination.family() != family) continue;
    dropRoute({0, ifIndex, route.metric}, destination, changes);
  }
  for (const auto& route : pinned) {
    if (route.via.family() == family) dropPinned(route, changes);
  }
}

void Mirror::foldNextHop(const NextHop& hop, bool removed, Changes& changes) {
  if (removed) return dropNextHop(hop.id, changes);
  const auto known = nextHops_.find(hop.id);
  if (known != nextHops_.end()) {
    if (known->second == hop) return;
    markBridges(known->second, changes);
    leaveGroups(known->second);
    if (known->second.ifIndex != 0) devices_[known->second.ifIndex].nextHops.erase(hop.id);
  }
  nextHops_[hop.id] = hop;
  for (const auto member : hop.members) groupsByMember_[member].insert(hop.id);
  if (hop.ifIndex != 0) devices_[hop.ifIndex].nextHops.insert(hop.id);
  markBridges(hop, changes);
}

void Mirror::dropNextHop(std::uint32_t id, Changes& changes) {
  const auto found = nextHops_.find(id);
  if (found == nextHops_.end()) return;
  markBridges(found->second, changes);
  const auto routes = routesByNextHop_.find(id);
  if (routes != routesByNextHop_.end()) {
    const auto all = routes->second;
    for (const auto& route : all) dropRoute({id, 0, route.metric}, route.destination, changes);
  }
  if (const auto released = releasedByGroup_.find(id); released != releasedByGroup_.end()) {
    const auto all = released->second;
    for (const auto& route : all) dropReleased(route, changes);
  }
  const NextHop hop = found->second;
  nextHops_.erase(found);
  leaveGroups(hop);
  const auto groups = groupsByMember_.find(id);
  if (groups != groupsByMember_.end()) {
    for (const auto group : std::set<std::uint32_t>(groups->second)) {
      const auto left = nextHops_.find(group);
      if (left == nextHops_.end()) continue;
      left->second.members.erase(id);
      if (left->second.members.empty()) dropNextHop(group, changes);
    }
    groupsByMember_.erase(id);
  }
  if (hop.ifIndex == 0) return;
  devices_[hop.ifIndex].nextHops.erase(id);
  forgetIfEmpty(hop.ifIndex);
}

void Mirror::leaveGroups(const NextHop& group) {
  for (const auto member : group.members) {
    const auto groups = groupsByMember_.find(member);
    if (groups == groupsByMember_.end()) continue;
    groups->second.erase(group.id);
    if (groups->second.empty()) groupsByMember_.erase(groups);
  }
}

void Mirror::dropNextHops(int ifIndex, Changes& changes) {
  const auto device = devices_.find(ifIndex);
  if (device == devices_.end()) return;
  const auto all = device->second.nextHops;
  for (const auto id : all) dropNextHop(id, changes);
}

void Mirror::keepNextHops(int ifIndex, const std::set<std::uint32_t>& ids, Changes& changes) {
  const auto device = devices_.find(ifIndex);
  if (device == devices_.end()) return;
  const auto all = device->second.nextHops;
  for (const auto id : all) {
    if (!ids.contains(id)) dropNextHop(id, changes);
  }
}

void Mirror::markBridges(const NextHop& hop, Changes& changes) const {
  if (hop.ifIndex != 0) return markBridge(hop.ifIndex, changes);
  for (const auto id : hop.members) {
    if (const NextHop* member = nextHop(id)) markBridge(member->ifIndex, changes);
  }
}

void Mirror::markBridges(const NextHopRef& ref, Changes& changes) const {
  if (ref.nextHop == 0) return markBridge(ref.ifIndex, changes);
  if (const NextHop* hop = nextHop(ref.nextHop)) markBridges(*hop, changes);
}

const NextHop* Mirror::nextHop(std::uint32_t id) const {
  const auto found = nextHops_.find(id);
  return found == nextHops_.end() ? nullptr : &found->second;
}

std::uint32_t Mirror::nextHopId(int ifIndex, const Address& via) const {
  const auto device = devices_.find(ifIndex);
  if (device == devices_.end()) return 0;
  for (const auto id : device->second.nextHops) {
    const NextHop& hop = nextHops_.at(id);
    if (hop.protocol == instance_.routeProtocol() && hop.gateway == via) return id;
  }
  return 0;
}

bool Mirror::isOurGroup(std::uint32_t id) const {
  const NextHop* hop = nextHop(id);
  return hop != nullptr && hop->protocol == instance_.routeProtocol();
}

std::set<std::uint32_t> Mirror::groups(int ifIndex, Family family) const {
  std::set<std::uint32_t> found;
  const auto device = devices_.find(ifIndex);
  if (device == devices_.end()) return found;
  for (const auto id : device->second.nextHops) {
    const NextHop& hop = nextHops_.at(id);
    const auto groups = groupsByMember_.find(id);
    if (!hop.gateway || hop.gateway->family() != family || groups == groupsByMember_.end())
      continue;
    std::copy_if(groups->second.begin(), groups->second.end(), std::inserter(found, found.end()),
                 [this](std::uint32_t group) { return isOurGroup(group); });
  }
  return found;
}

// Compares the nexthop object and its routes, and the groups that contain it and their routes.
bool Mirror::hasSameNextHop(std::uint32_t id, const Mirror& other) const {
  const auto same = [](const auto& mine, const auto& theirs, std::uint32_t key) {
    const auto here = mine.find(key);
    const auto there = theirs.find(key);
    if (here == mine.end() || there == theirs.end()) {
      return here == mine.end() && there == theirs.end();
    }
    return here->second == there->second;
  };
  if (!same(nextHops_, other.nextHops_, id)) return false;
  if (!same(routesByNextHop_, other.routesByNextHop_, id)) return false;
  if (!same(groupsByMember_, other.groupsByMember_, id)) return false;
  const auto groups = groupsByMember_.find(id);
  return groups == groupsByMember_.end() ||
         std::all_of(groups->second.begin(), groups->second.end(), [&](std::uint32_t group) {
           return same(nextHops_, other.nextHops_, group) &&
                  same(routesByNextHop_, other.routesByNextHop_, group) &&
                  same(releasedByGroup_, other.releasedByGroup_, group) &&
                  hasSameUdpRules(group, other);
         });
}

std::set<Mirror::NextHopRef> Mirror::nextHopRefs(const Prefix& destination) const {
  const auto found = nextHopRefsByRoute_.find(destination);
  return found == nextHopRefsByRoute_.end() ? std::set<NextHopRef>{} : found->second;
}

bool Mirror::leadsTo(const NextHopRef& ref, int ifIndex) const {
  if (ref.nextHop == 0) return ref.ifIndex == ifIndex;
  const NextHop* hop = nextHop(ref.nextHop);
  if (hop == nullptr) return false;
  if (hop->ifIndex != 0) return hop->ifIndex == ifIndex;
  return std::any_of(hop->members.begin(), hop->members.end(), [&](std::uint32_t id) {
    const NextHop* member = nextHop(id);
    return member != nullptr && member->ifIndex == ifIndex;
  });
}

// RouteActions uses the first group of a family for the routes of that family. Routes with any
// other next hop are strays, and so are routes with another metric. The latter deliver packets
// nevertheless, so they are in `routes` as well.
void Mirror::observeNextHops(const Device& device, core::KernelNetwork& network) const {
  const auto addRoutes = [&](std::uint32_t id, bool isFirstGroup) {
    const auto routes = routesByNextHop_.find(id);
    if (routes == routesByNextHop_.end()) return;
    for (const auto& [destination, metric] : routes->second) {
      if (isFirstGroup) network.routes.insert(destination);
      const bool usual = isFirstGroup && metric == routeMetric(destination.family());
      if (!usual) network.strays.insert(destination);
    }
  };
  for (const auto id : device.nextHops) {
    const NextHop& hop = nextHops_.at(id);
    const bool ours = hop.protocol == instance_.routeProtocol();
    if (ours && hop.gateway) network.nextHops.insert(*hop.gateway);
    addRoutes(id, false);
  }
  for (const auto& route : device.pinned) {
    if (rules_.contains(ruleOf(route))) network.pinned.insert(route);
  }
  if (device.nextHops.empty()) return;
  const int ifIndex = nextHops_.at(*device.nextHops.begin()).ifIndex;
  for (const Family family : {Family::V4, Family::V6}) {
    const auto all = groups(ifIndex, family);
    for (const auto group : all) {
      const bool first = group == *all.begin();
      addRoutes(group, first);
      if (!first) continue;
      addReleased(group, network);
      for (const auto id : nextHops_.at(group).members) {
        const NextHop* member = nextHop(id);
        if (member == nullptr || member->ifIndex != ifIndex || !member->gateway) continue;
        network.groups[family].insert(*member->gateway);
      }
    }
  }
}

}  // namespace bgplb::netlink
