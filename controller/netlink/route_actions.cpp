#include "netlink/route_actions.hpp"

#include "base/log.hpp"

#include <fmt/format.h>
#include <linux/rtnetlink.h>

#include <utility>

namespace bgplb::netlink {

namespace {

// While established connections are pinned to their backends, a new member may take over its share
// of the buckets soon. Otherwise a bucket migrates only after a long idle time, or when its member
// is removed.
constexpr Spreading kPinned{.resilient = true, .idle = 1, .unbalanced = 1};
constexpr Spreading kUnpinned{.resilient = true, .idle = 120, .unbalanced = 0};

}  // namespace

std::uint32_t RouteActions::freeNextHopId() {
  const std::uint32_t first = instance().firstNextHopId();
  do {
    nextHopId_ = (nextHopId_ + 1) % core::Instance::kNextHopIds;
  } while (mirror_.state().nextHop(first + nextHopId_) != nullptr);
  return first + nextHopId_;
}

// NotFound while the bridge has no carrier, that is, until the container's end of the first veth
// pair is up. The kernel reports the carrier by a notification, which triggers the next attempt.
Result<void> RouteActions::apply(const core::NextHopAdd& action) {
  const auto bridge = mirror_.state().ourBridge(action.dev);
  if (!bridge) return bridge.error();
  if (mirror_.state().nextHopId(bridge->index, action.via) != 0) return {};
  auto added = socket_.request(nextHopAdd(instance(), freeNextHopId(), action.via, bridge->index));
  if (isKind(added, ErrorKind::Transient)) return notFound(added.error().message);
  return added;
}

Result<void> RouteActions::apply(const core::NextHopDel& action) {
  const auto bridge = mirror_.state().ourBridge(action.dev);
  if (!bridge) return tolerateMissing(bridge.error());
  const auto id = mirror_.state().nextHopId(bridge->index, action.via);
  if (id == 0) return {};
  return tolerateMissing(socket_.request(nextHopDel(id)));
}

Result<void> RouteActions::setMembers(std::uint32_t group, const std::set<std::uint32_t>& members) {
  Spreading spreading = pinned_ ? kPinned : kUnpinned;
  spreading.resilient = resilient_;
  auto set = socket_.request(groupReplace(instance(), group, members, spreading));
  if (set || !resilient_) return set;
  const ErrorKind refusal = set.error().kind;
  if (refusal != ErrorKind::Invalid && refusal != ErrorKind::Unsupported) return set;
  spreading.resilient = false;
  if (const auto plain = socket_.request(groupReplace(instance(), group, members, spreading));
      !plain)
    return set;
  resilient_ = false;
  log::info("this kernel has no resilient next-hop groups (Linux 5.13)");
  return {};
}

Result<void> RouteActions::apply(const core::GroupReplace& action) {
  const auto bridge = mirror_.state().ourBridge(action.dev);
  if (!bridge) return bridge.error();
  std::set<std::uint32_t> members;
  for (const auto& via : action.members) {
    const auto id = mirror_.state().nextHopId(bridge->index, via);
    if (id == 0) return notFound("no next hop " + via.toString());
    members.insert(id);
  }
  const auto groups = mirror_.state().groups(bridge->index, action.family);
  return setMembers(groups.empty() ? freeNextHopId() : *groups.begin(), members);
}

Result<void> RouteActions::apply(const core::GroupDel& action) {
  const auto bridge = mirror_.state().ourBridge(action.dev);
  if (!bridge) return tolerateMissing(bridge.error());
  for (const auto group : mirror_.state().groups(bridge->index, action.family)) {
    if (auto gone = tolerateMissing(socket_.request(nextHopDel(group))); !gone) return gone;
  }
  return {};
}

void RouteActions::respread(const std::string& bridge) {
  const Link* link = mirror_.state().link(bridge);
  if (link == nullptr) return;
  for (const Family family : {Family::V4, Family::V6}) {
    for (const auto group : mirror_.state().groups(link->index, family)) {
      const auto set = setMembers(group, mirror_.state().nextHop(group)->members);
      if (!set) log::debug("{}: {}", bridge, set.error().message);
    }
  }
  mirror_.catchUp();
}

// The first request uses NLM_F_EXCL. NLM_F_REPLACE would silently replace any route with the same
// destination and metric, because the kernel compares neither protocol nor device. Therefore only
// our own routes are replaced: a VIP can move to another of our networks without a gap. A route of
// another program is a Conflict.
Result<void> RouteActions::apply(const core::RouteReplace& action) {
  const auto bridge = mirror_.state().ourBridge(action.dev);
  if (!bridge) return bridge.error();
  const auto groups = mirror_.state().groups(bridge->index, action.destination.family());
  if (groups.empty()) return notFound("no next-hop group");
  if (auto added = addRoute(action, *groups.begin()); !added) return added;
  return removeOtherMetrics(action, bridge->index);
}

// A route without an explicit metric, by an administrator or a tunnel, is a conflict in both
// families. For IPv6 it has another metric than ours, so the kernel would accept both.
Result<void> RouteActions::checkForeignRoute(const core::RouteReplace& action) {
  if (action.destination.family() == Family::V4) return {};  // NLM_F_EXCL finds it
  const auto holder = socket_.queryRoute(routeMatch(action.destination.address()));
  if (!holder || holder->destination != action.destination || holder->table != RT_TABLE_MAIN ||
      holder->protocol == instance().routeProtocol() ||
      !isRouteMetric(Family::V6, holder->metric)) {
    return {};
  }
  return foreignRoute(*holder);
}

Error RouteActions::foreignRoute(const Route& route) const {
  const Link* link = mirror_.state().link(route.ifIndex);
  const auto other = core::instanceOf(route.protocol);
  const std::string who =
      other ? fmt::format("the plugin with INSTANCE={}", other->number()) : "another program";
  return conflict(fmt::format("{} has a route to this destination (protocol {}, dev {})", who,
                              route.protocol, link == nullptr ? "none" : link->name));
}

Result<void> RouteActions::addRoute(const core::RouteReplace& action, std::uint32_t group) {
  if (auto free = checkForeignRoute(action); !free) return free;
  auto added = socket_.request(routeAdd(instance(), action.destination, group, IfExists::Fail));
  if (!isKind(added, ErrorKind::Conflict)) return added;
  mirror_.catchUp();
  const unsigned metric = routeMetric(action.destination.family());
  if (mirror_.state().nextHopRefs(action.destination).contains({group, 0, metric})) return {};
  return moveRoute(action, group);
}

// The IPv6 route of an earlier version of this program has another metric. It is removed after the
// new one was added, so that packets always have a route.
Result<void> RouteActions::removeOtherMetrics(const core::RouteReplace& action, int ifIndex) {
  for (const auto& ref : mirror_.state().nextHopRefs(action.destination)) {
    if (ref.metric == routeMetric(action.destination.family())) continue;
    if (!mirror_.state().leadsTo(ref, ifIndex)) continue;
    const auto request = routeDel(instance(), action.destination, ref.nextHop, ifIndex, ref.metric);
    if (auto gone = tolerateMissing(socket_.request(request)); !gone) return gone;
  }
  return {};
}

Result<void> RouteActions::moveRoute(const core::RouteReplace& action, std::uint32_t group) {
  // NLM_F_REPLACE replaces the first matching route of the table, which is the one a lookup
  // returns.
  const auto holder = socket_.queryRoute(routeMatch(action.destination.address()));
  if (!holder)
    return conflict("another program has a route to this destination: " + holder.error().message);
  if (holder->protocol == instance().routeProtocol() && holder->table == RT_TABLE_MAIN &&
      holder->destination == action.destination) {
    return socket_.request(routeAdd(instance(), action.destination, group, IfExists::Replace));
  }
  return foreignRoute(*holder);
}

Result<void> RouteActions::apply(const core::RouteDel& action) {
  const auto bridge = mirror_.state().ourBridge(action.dev);
  if (!bridge) return tolerateMissing(bridge.error());
  for (const auto& ref : mirror_.state().nextHopRefs(action.destination)) {
    if (!mirror_.state().leadsTo(ref, bridge->index)) continue;
    const auto request =
        routeDel(instance(), action.destination, ref.nextHop, bridge->index, ref.metric);
    if (auto gone = tolerateMissing(socket_.request(request)); !gone) return gone;
  }
  return {};
}

// As in the main table, only our own route is replaced: the VIP has moved from another network of
// this plugin.
Result<void> RouteActions::setPinnedRoute(const core::PinnedRoute& route, int ifIndex) {
  auto added = socket_.request(pinnedRouteAdd(instance(), route, ifIndex, IfExists::Fail));
  if (!isKind(added, ErrorKind::Conflict)) return added;
  mirror_.catchUp();
  if (mirror_.state().hasPinned(route)) {
    return socket_.request(pinnedRouteAdd(instance(), route, ifIndex, IfExists::Replace));
  }
  return conflict("another program has a route to this destination in this table");
}

Result<void> RouteActions::apply(const core::PinnedRouteReplace& action) {
  const auto bridge = mirror_.state().ourBridge(action.dev);
  if (!bridge) return bridge.error();
  if (auto set = setPinnedRoute(action.route, bridge->index); !set) return set;
  return addRule(ruleOf(action.route));
}

Result<void> RouteActions::addRule(const SlotRule& rule) {
  if (mirror_.state().hasRule(rule)) return {};
  auto added = socket_.request(ruleAdd(instance(), rule.family, rule.slot, rule.udp));
  if (isKind(added, ErrorKind::Conflict)) return {};
  return added;
}

Result<void> RouteActions::apply(const core::PinnedRouteDel& action) {
  const auto bridge = mirror_.state().ourBridge(action.dev);
  if (!bridge) return tolerateMissing(bridge.error());
  auto gone =
      tolerateMissing(socket_.request(pinnedRouteDel(instance(), action.route, bridge->index)));
  if (!gone) return gone;
  mirror_.catchUp();
  removeUnusedRules();
  return {};
}

Result<void> RouteActions::setUdpRoute(const core::PinnedRoute& route, std::uint32_t group) {
  auto added = socket_.request(udpRouteAdd(instance(), route, group, IfExists::Fail));
  if (!isKind(added, ErrorKind::Conflict)) return added;
  mirror_.catchUp();
  if (mirror_.state().hasReleased(route)) {
    return socket_.request(udpRouteAdd(instance(), route, group, IfExists::Replace));
  }
  return conflict("another program has a route to this destination in this table");
}

Result<void> RouteActions::apply(const core::UdpRouteReplace& action) {
  const auto bridge = mirror_.state().ourBridge(action.dev);
  if (!bridge) return bridge.error();
  const auto groups = mirror_.state().groups(bridge->index, action.route.via.family());
  if (groups.empty()) return notFound("no next-hop group");
  if (auto set = setUdpRoute(action.route, *groups.begin()); !set) return set;
  return addRule(udpRuleOf(action.route));
}

// The route may belong to another network of ours already, to which the VIP has moved.
Result<void> RouteActions::apply(const core::UdpRouteDel& action) {
  const auto bridge = mirror_.state().ourBridge(action.dev);
  if (!bridge) return tolerateMissing(bridge.error());
  if (!mirror_.state().observe(action.dev).released.contains(action.route)) return {};
  if (auto gone = tolerateMissing(socket_.request(udpRouteDel(instance(), action.route))); !gone)
    return gone;
  mirror_.catchUp();
  removeUnusedRules();
  return {};
}

void RouteActions::removeUnusedRules() {
  for (const auto& rule : mirror_.state().unusedRules()) {
    const auto gone =
        tolerateMissing(socket_.request(ruleDel(instance(), rule.family, rule.slot, rule.udp)));
    if (!gone) log::debug("rule of slot {}: {}", rule.slot, gone.error().message);
  }
  mirror_.catchUp();
}

}  // namespace bgplb::netlink
