// The mirror's routes in the tables of the slots, and the rules that select these tables.
#include "netlink/mirror.hpp"

#include <algorithm>
#include <iterator>

namespace bgplb::netlink {

SlotRule ruleOf(const core::PinnedRoute& route) {
  return {route.via.family(), core::slotOf(route.via).value_or(0)};
}

SlotRule udpRuleOf(const core::PinnedRoute& route) {
  return {route.via.family(), core::slotOf(route.via).value_or(0), true};
}

void Mirror::foldPinned(const Route& route, bool removed, Changes& changes) {
  const auto slot = route.gateway ? core::slotOf(*route.gateway) : std::nullopt;
  if (!slot || *slot != route.table - instance_.slotTable() || route.ifIndex == 0) return;
  const core::PinnedRoute pinned{route.destination, *route.gateway};
  const auto known = linksByPinned_.find(pinned);
  const bool here = known != linksByPinned_.end() && known->second == route.ifIndex;
  if (removed) {
    if (here) dropPinned(pinned, changes);
    return;
  }
  if (here) return;
  if (known != linksByPinned_.end()) dropPinned(pinned, changes);  // replaced by the new route
  linksByPinned_[pinned] = route.ifIndex;
  ++routesByRule_[ruleOf(pinned)];
  devices_[route.ifIndex].pinned.insert(pinned);
  markBridge(route.ifIndex, changes);
}

void Mirror::dropPinned(const core::PinnedRoute& route, Changes& changes) {
  const auto found = linksByPinned_.find(route);
  const int ifIndex = found->second;
  linksByPinned_.erase(found);
  if (--routesByRule_[ruleOf(route)] == 0) routesByRule_.erase(ruleOf(route));
  devices_[ifIndex].pinned.erase(route);
  markBridge(ifIndex, changes);
  forgetIfEmpty(ifIndex);
}

void Mirror::foldReleased(const Route& route, bool removed, Changes& changes) {
  const Family family = route.destination.family();
  const core::PinnedRoute released{route.destination,
                                   core::nextHop(family, route.table - instance_.udpTable())};
  const auto known = groupsByReleased_.find(released);
  const bool here = known != groupsByReleased_.end() && known->second == route.nextHop;
  if (removed ? !here : here) return;
  if (known != groupsByReleased_.end()) dropReleased(released, changes);
  if (removed || route.nextHop == 0) return;
  groupsByReleased_[released] = route.nextHop;
  releasedByGroup_[route.nextHop].insert(released);
  ++routesByRule_[udpRuleOf(released)];
  markBridges(NextHopRef{.nextHop = route.nextHop}, changes);
}

void Mirror::dropReleased(const core::PinnedRoute& route, Changes& changes) {
  const auto found = groupsByReleased_.find(route);
  const std::uint32_t group = found->second;
  groupsByReleased_.erase(found);
  const auto routes = releasedByGroup_.find(group);
  routes->second.erase(route);
  if (routes->second.empty()) releasedByGroup_.erase(routes);
  const SlotRule rule = udpRuleOf(route);
  if (--routesByRule_[rule] == 0) routesByRule_.erase(rule);
  markBridges(NextHopRef{.nextHop = group}, changes);
}

void Mirror::foldRule(const SlotRule& rule, bool removed, Changes& changes) {
  if (removed ? rules_.erase(rule) == 0 : !rules_.insert(rule).second) return;
  for (const auto& [route, ifIndex] : linksByPinned_) {
    if (ruleOf(route) == rule) markBridge(ifIndex, changes);
  }
  for (const auto& [route, group] : groupsByReleased_) {
    if (udpRuleOf(route) == rule) markBridges(NextHopRef{.nextHop = group}, changes);
  }
}

std::set<SlotRule> Mirror::unusedRules() const {
  std::set<SlotRule> unused;
  std::copy_if(rules_.begin(), rules_.end(), std::inserter(unused, unused.end()),
               [this](const SlotRule& rule) { return !routesByRule_.contains(rule); });
  return unused;
}

bool Mirror::hasSameUdpRules(std::uint32_t group, const Mirror& other) const {
  const auto released = releasedByGroup_.find(group);
  return released == releasedByGroup_.end() ||
         std::all_of(released->second.begin(), released->second.end(), [&](const auto& route) {
           return hasRule(udpRuleOf(route)) == other.hasRule(udpRuleOf(route));
         });
}

void Mirror::addReleased(std::uint32_t group, core::KernelNetwork& network) const {
  const auto released = releasedByGroup_.find(group);
  if (released == releasedByGroup_.end()) return;
  std::copy_if(released->second.begin(), released->second.end(),
               std::inserter(network.released, network.released.end()),
               [this](const auto& route) { return rules_.contains(udpRuleOf(route)); });
}

}  // namespace bgplb::netlink
