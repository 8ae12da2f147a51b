// The mirror's routes, nexthop objects and rules.
#include "netlink/mirror.hpp"

#include <linux/rtnetlink.h>

#include <algorithm>
#include <iterator>

namespace bgplb::netlink {

SlotRule ruleOf(const core::PinnedRoute& route) {
  return {route.via.family(), core::slotOf(route.via).value_or(0)};
}

void Mirror::foldRoute(const Route& route, Change change, Changes& changes) {
  const bool ourProtocol = route.protocol == core::kRouteProtocol;
  if (ourProtocol && route.table > core::kSlotTable &&
      route.table <= core::kSlotTable + core::kSlots) {
    return foldPinned(route, change == Change::Removed, changes);
  }
  // A route of our protocol with a gateway of its own or a metric is none that we made.
  const bool usual =
      route.table == RT_TABLE_MAIN && route.metric == defaultMetric(route.destination.family());
  const bool ours = usual && ourProtocol && (route.nextHop != 0 || !route.gateway);
  const Way way{route.nextHop, route.nextHop == 0 ? route.ifIndex : 0};
  if (usual && change == Change::Replaced) {
    const std::set<Way> holders = ways(route.destination);
    if (!holders.empty() && (!ours || holders != std::set<Way>{way})) {
      changes.unsure = true;
      // Most likely; the dump shows whether there were others.
      if (ours && holders.size() == 1) dropRoute(*holders.begin(), route.destination, changes);
    }
  }
  if (!ours) {
    // Every container with IPv6 brings link-local and multicast routes; they lead to nobody else.
    const Address& address = route.destination.address();
    if (!address.isLinkLocal() && !address.isMulticast()) changes.uplink = true;
    return;
  }
  if (way == Way{}) return;
  if (change == Change::Removed) return dropRoute(way, route.destination, changes);
  addRoute(way, route.destination, changes);
}

void Mirror::addRoute(const Way& way, const Prefix& destination, Changes& changes) {
  if (!waysByRoute_[destination].insert(way).second) return;
  if (way.nextHop != 0) {
    routesByNextHop_[way.nextHop].insert(destination);
  } else {
    devices_[way.ifIndex].routes.insert(destination);
  }
  markBridges(way, changes);
}

void Mirror::dropRoute(const Way& way, const Prefix& destination, Changes& changes) {
  const auto all = waysByRoute_.find(destination);
  if (all == waysByRoute_.end() || all->second.erase(way) == 0) return;
  if (all->second.empty()) waysByRoute_.erase(all);
  markBridges(way, changes);
  if (way.nextHop != 0) {
    const auto routes = routesByNextHop_.find(way.nextHop);
    routes->second.erase(destination);
    if (routes->second.empty()) routesByNextHop_.erase(routes);
  } else {
    devices_[way.ifIndex].routes.erase(destination);
    forgetIfEmpty(way.ifIndex);
  }
}

void Mirror::foldPinned(const Route& route, bool removed, Changes& changes) {
  const auto slot = route.gateway ? core::slotOf(*route.gateway) : std::nullopt;
  if (!slot || *slot != route.table - core::kSlotTable || route.ifIndex == 0) return;
  const core::PinnedRoute pinned{route.destination, *route.gateway};
  const auto known = linksByPinned_.find(pinned);
  const bool here = known != linksByPinned_.end() && known->second == route.ifIndex;
  if (removed) {
    if (here) dropPinned(pinned, changes);
    return;
  }
  if (here) return;
  if (known != linksByPinned_.end()) dropPinned(pinned, changes);  // it took that one's place
  linksByPinned_[pinned] = route.ifIndex;
  ++pinnedBySlot_[ruleOf(pinned)];
  devices_[route.ifIndex].pinned.insert(pinned);
  markBridge(route.ifIndex, changes);
}

void Mirror::dropPinned(const core::PinnedRoute& route, Changes& changes) {
  const auto found = linksByPinned_.find(route);
  const int ifIndex = found->second;
  linksByPinned_.erase(found);
  if (--pinnedBySlot_[ruleOf(route)] == 0) pinnedBySlot_.erase(ruleOf(route));
  devices_[ifIndex].pinned.erase(route);
  markBridge(ifIndex, changes);
  forgetIfEmpty(ifIndex);
}

void Mirror::dropRoutes(int ifIndex, Family family, Changes& changes) {
  const auto device = devices_.find(ifIndex);
  if (device == devices_.end()) return;
  const auto routes = device->second.routes;
  const auto pinned = device->second.pinned;
  for (const auto& route : routes) {
    if (route.family() == family) dropRoute({0, ifIndex}, route, changes);
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
    const auto destinations = routes->second;
    for (const auto& destination : destinations) dropRoute({id, 0}, destination, changes);
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

void Mirror::foldRule(const SlotRule& rule, bool removed, Changes& changes) {
  if (removed ? rules_.erase(rule) == 0 : !rules_.insert(rule).second) return;
  for (const auto& [route, ifIndex] : linksByPinned_) {
    if (ruleOf(route) == rule) markBridge(ifIndex, changes);
  }
}

std::set<SlotRule> Mirror::unusedRules() const {
  std::set<SlotRule> unused;
  std::copy_if(rules_.begin(), rules_.end(), std::inserter(unused, unused.end()),
               [this](const SlotRule& rule) { return !pinnedBySlot_.contains(rule); });
  return unused;
}

void Mirror::markBridges(const NextHop& hop, Changes& changes) const {
  if (hop.ifIndex != 0) return markBridge(hop.ifIndex, changes);
  for (const auto id : hop.members) {
    if (const NextHop* member = nextHop(id)) markBridge(member->ifIndex, changes);
  }
}

void Mirror::markBridges(const Way& way, Changes& changes) const {
  if (way.nextHop == 0) return markBridge(way.ifIndex, changes);
  if (const NextHop* hop = nextHop(way.nextHop)) markBridges(*hop, changes);
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
    if (hop.protocol == core::kRouteProtocol && hop.gateway == via) return id;
  }
  return 0;
}

bool Mirror::isOurGroup(std::uint32_t id) const {
  const NextHop* hop = nextHop(id);
  return hop != nullptr && hop->protocol == core::kRouteProtocol;
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

// With its routes, and the groups that it is in with theirs.
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
                  same(routesByNextHop_, other.routesByNextHop_, group);
         });
}

std::set<Mirror::Way> Mirror::ways(const Prefix& destination) const {
  const auto found = waysByRoute_.find(destination);
  return found == waysByRoute_.end() ? std::set<Way>{} : found->second;
}

bool Mirror::leadsTo(const Way& way, int ifIndex) const {
  if (way.nextHop == 0) return way.ifIndex == ifIndex;
  const NextHop* hop = nextHop(way.nextHop);
  if (hop == nullptr) return false;
  if (hop->ifIndex != 0) return hop->ifIndex == ifIndex;
  return std::any_of(hop->members.begin(), hop->members.end(), [&](std::uint32_t id) {
    const NextHop* member = nextHop(id);
    return member != nullptr && member->ifIndex == ifIndex;
  });
}

// The first group of a family is the one that routes lead by; a route by another way is a stray.
void Mirror::observeNextHops(const Device& device, core::KernelNetwork& network) const {
  const auto addRoutes = [this](std::uint32_t id, std::set<Prefix>& to) {
    const auto routes = routesByNextHop_.find(id);
    if (routes != routesByNextHop_.end()) to.insert(routes->second.begin(), routes->second.end());
  };
  for (const auto id : device.nextHops) {
    const NextHop& hop = nextHops_.at(id);
    if (hop.protocol == core::kRouteProtocol && hop.gateway) network.nextHops.insert(*hop.gateway);
    addRoutes(id, network.strays);
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
      addRoutes(group, first ? network.routes : network.strays);
      if (!first) continue;
      for (const auto id : nextHops_.at(group).members) {
        const NextHop* member = nextHop(id);
        if (member == nullptr || member->ifIndex != ifIndex || !member->gateway) continue;
        network.groups[family].insert(*member->gateway);
      }
    }
  }
}

}  // namespace bgplb::netlink
