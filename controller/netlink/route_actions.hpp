#pragma once
// The actions on routes, nexthop objects and rules, each as the requests it takes. Every one may
// find its work done already.

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
  // Both live as long as this object.
  RouteActions(Socket& socket, KernelMirror& mirror) : socket_(socket), mirror_(mirror) {}

  // Conflict: another program's route has the destination. NotFound: the bridge, or a next hop that
  // the action needs, is missing (yet). Otherwise as Socket::request().
  Result<void> apply(const core::NextHopAdd& action);
  Result<void> apply(const core::NextHopDel& action);
  Result<void> apply(const core::GroupReplace& action);
  Result<void> apply(const core::GroupDel& action);
  Result<void> apply(const core::RouteReplace& action);
  Result<void> apply(const core::RouteDel& action);
  Result<void> apply(const core::PinnedRouteReplace& action);
  Result<void> apply(const core::PinnedRouteDel& action);

  // Whether groups from now on may move established connections, and the same for the groups of one
  // bridge that exist (reconcile::Kernel::setPinned()).
  void setPinned(bool pinned) { pinned_ = pinned; }
  void respread(const std::string& bridge);
  bool isPinned() const { return pinned_; }

  // Removes our rules that lead to an empty table.
  void removeUnusedRules();

 private:
  Result<void> moveRoute(const core::RouteReplace& action, std::uint32_t group);
  std::uint32_t freeNextHopId();
  Result<void> setMembers(std::uint32_t group, const std::set<std::uint32_t>& members);

  Socket& socket_;
  KernelMirror& mirror_;
  bool pinned_ = false;
  bool resilient_ = true;        // until the kernel refuses such a group (before Linux 5.13)
  std::uint32_t nextHopId_ = 0;  // tried last
};

}  // namespace bgplb::netlink
