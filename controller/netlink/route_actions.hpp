#pragma once
// Applies the actions on routes, nexthop objects and rules: sends the rtnetlink requests of each.
// All actions are idempotent. Owned and called by RtnlKernel.

#include "core/actions.hpp"
#include "netlink/kernel_mirror.hpp"
#include "netlink/requests.hpp"
#include "netlink/socket.hpp"

#include <cstdint>
#include <set>
#include <string>

namespace bgplb::netlink {

class RouteActions {
 public:
  // Both must outlive this object.
  RouteActions(Socket& socket, KernelMirror& mirror) : socket_(socket), mirror_(mirror) {}

  // Conflict: another program has a route to the destination. NotFound: the bridge, or a next hop
  // that the action needs, does not exist yet. Otherwise as Socket::request().
  Result<void> apply(const core::NextHopAdd& action);
  Result<void> apply(const core::NextHopDel& action);
  Result<void> apply(const core::GroupReplace& action);
  Result<void> apply(const core::GroupDel& action);
  Result<void> apply(const core::RouteReplace& action);
  Result<void> apply(const core::RouteDel& action);
  Result<void> apply(const core::PinnedRouteReplace& action);
  Result<void> apply(const core::PinnedRouteDel& action);
  Result<void> apply(const core::UdpRouteReplace& action);
  Result<void> apply(const core::UdpRouteDel& action);

  // Sets the timers of groups that are created or changed from now on: with `pinned`, a new member
  // may take over buckets soon, because connection marks protect established connections
  // (reconcile::Kernel::setPinned()).
  void setPinned(bool pinned) { pinned_ = pinned; }
  // Applies the current timers to the existing groups of one bridge.
  void respread(const std::string& bridge);
  bool isPinned() const { return pinned_; }

  // Removes our rules whose table has no route.
  void removeUnusedRules();

 private:
  Result<void> checkForeignRoute(const core::RouteReplace& action);
  Error foreignRoute(const Route& route) const;
  Result<void> addRoute(const core::RouteReplace& action, std::uint32_t group);
  Result<void> setPinnedRoute(const core::PinnedRoute& route, int ifIndex);
  Result<void> setUdpRoute(const core::PinnedRoute& route, std::uint32_t group);
  Result<void> addRule(const SlotRule& rule);
  Result<void> moveRoute(const core::RouteReplace& action, std::uint32_t group);
  Result<void> removeOtherMetrics(const core::RouteReplace& action, int ifIndex);
  std::uint32_t freeNextHopId();
  core::Instance instance() const { return mirror_.state().instance(); }
  Result<void> setMembers(std::uint32_t group, const std::set<std::uint32_t>& members);

  Socket& socket_;
  KernelMirror& mirror_;
  bool pinned_ = false;
  bool resilient_ = true;        // false once the kernel refused such a group (before Linux 5.13)
  std::uint32_t nextHopId_ = 0;  // used last, counted from the instance's first id
};

}  // namespace bgplb::netlink
