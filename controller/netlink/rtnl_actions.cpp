// The actions, each as the requests it takes. Every one may find its work done already.
#include "netlink/rtnl_kernel.hpp"

#include <fmt/format.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>

namespace bgplb::netlink {

namespace {

bool isKind(const Result<void>& outcome, ErrorKind kind) {
  return !outcome && outcome.error().kind == kind;
}

Result<void> tolerateMissing(Result<void> outcome) {
  if (isKind(outcome, ErrorKind::NotFound)) return {};
  return outcome;
}

// Also what keeps a request within its buffer.
bool isLinkName(const std::string& name) { return !name.empty() && name.size() < IFNAMSIZ; }

}  // namespace

std::optional<Link> RtnlKernel::find(const std::string& name) const {
  const Link* link = mirror_.link(name);
  if (link == nullptr) return std::nullopt;
  return *link;
}

Result<Link> RtnlKernel::findBridge(const std::string& name) const {
  const auto link = find(name);
  if (!link) return notFound(fmt::format("no link {}", name));
  if (!isOurBridge(*link)) {
    return conflict(fmt::format("{} is not a bridge of ours", name));
  }
  return *link;
}

Result<Link> RtnlKernel::findOrCreate(const std::string& name, const char* kind,
                                      const Request& creation) {
  auto link = find(name);
  if (!link) {
    const auto created = socket_.request(creation);
    if (!created) return created.error();
    catchUp();
    link = find(name);
    if (!link) return conflict(fmt::format("{} was removed as soon as it was made", name));
  }
  if (link->kind != kind) {
    return conflict(fmt::format("{} exists and is not a {} but {}", name, kind,
                                link->kind.empty() ? "a device" : link->kind));
  }
  return *link;
}

Result<void> RtnlKernel::bringUp(const Link& link, unsigned mtu, int master) {
  // Without IPv6 in the kernel this is refused, and then there is no address to prevent either.
  if (!link.up) (void)socket_.request(linkSetNoAddressGeneration(link.index));
  if (link.mtu != mtu) {
    if (auto set = socket_.request(linkSetMtu(link.index, mtu)); !set) return set;
  }
  if (link.master != master) {
    if (auto set = socket_.request(linkSetMaster(link.index, master)); !set) return set;
  }
  if (link.up) return {};
  return socket_.request(linkSetUp(link.index));
}

Result<void> RtnlKernel::act(const core::BridgeAdd& action) {
  if (!isLinkName(action.name) || !action.name.starts_with(core::kBridgePrefix)) {
    return invalid("not the name of a bridge of ours");
  }
  const MacAddress address = bridgeAddress(action.name);
  const bool existed = find(action.name).has_value();
  const auto link = findOrCreate(action.name, "bridge", bridgeAdd(action.name, address));
  if (!link) return link.error();
  if (existed) {
    if (auto changed = socket_.request(bridgeChange(link->index)); !changed) return changed;
    // Only if it differs: setting it drops the neighbours.
    if (link->address != address) {
      if (auto set = socket_.request(linkSetAddress(link->index, address)); !set) return set;
    }
  }
  return bringUp(*link, action.mtu, link->master);
}

Result<void> RtnlKernel::act(const core::VethAdd& action) {
  if (!core::isVethHostName(action.host) || !isLinkName(action.container)) {
    return invalid("not the names of a veth pair of ours");
  }
  const auto bridge = findBridge(action.bridge);
  if (!bridge) return bridge.error();
  const auto link =
      findOrCreate(action.host, "veth", vethAdd(action.host, action.container, action.mtu));
  if (!link) return link.error();
  return bringUp(*link, action.mtu, bridge->index);
}

Result<void> RtnlKernel::act(const core::LinkDel& action) {
  const auto link = find(action.name);
  if (!link) return {};
  if (!isOurBridge(*link) && !isOurVeth(*link))
    return conflict(fmt::format("{} is not ours", action.name));
  const auto gone = [this, index = link->index] {
    catchUp();
    return mirror_.link(index) == nullptr;
  };
  return tolerateMissing(remover_.remove(link->index, monitor_.fd(), gone));
}

// Exclusive first. A replace would silently put our route in the place of whatever holds the
// destination with the same metric: the kernel looks neither at the protocol nor at the device. So
// only a route of our own is ever replaced (a VIP that moves to another network of ours, without a
// moment in which it has no route), and anybody else's is a Conflict.
Result<void> RtnlKernel::act(const core::RouteReplace& action) {
  const auto bridge = findBridge(action.dev);
  if (!bridge) return bridge.error();
  const auto added = socket_.request(routeAdd(action.destination, bridge->index, IfExists::Fail));
  if (!isKind(added, ErrorKind::Conflict)) return added;
  catchUp();
  if (mirror_.routeLinks(action.destination).contains(bridge->index)) return {};
  return moveRoute(action, bridge->index);
}

Result<void> RtnlKernel::moveRoute(const core::RouteReplace& action, int ifIndex) {
  // The replaced one is the first in the table, which is also the one a lookup finds.
  const auto holder = lookUp(routeMatch(action.destination.address()));
  if (!holder) return conflict("another program has a route there: " + holder.error().message);
  if (holder->protocol == core::kRouteProtocol && holder->table == RT_TABLE_MAIN &&
      holder->destination == action.destination) {
    return socket_.request(routeAdd(action.destination, ifIndex, IfExists::Replace));
  }
  const Link* link = mirror_.link(holder->ifIndex);
  return conflict(fmt::format("another program has a route there (protocol {}, dev {})",
                              holder->protocol, link == nullptr ? "none" : link->name));
}

Result<void> RtnlKernel::act(const core::RouteDel& action) {
  const auto bridge = findBridge(action.dev);
  if (!bridge) return tolerateMissing(bridge.error());
  return tolerateMissing(socket_.request(routeDel(action.destination, bridge->index)));
}

Result<void> RtnlKernel::act(const core::NeighReplace& action) {
  const auto bridge = findBridge(action.dev);
  if (!bridge) return bridge.error();
  return socket_.request(neighReplace(action.address, action.mac, bridge->index));
}

Result<void> RtnlKernel::act(const core::NeighDel& action) {
  const auto bridge = findBridge(action.dev);
  if (!bridge) return tolerateMissing(bridge.error());
  return tolerateMissing(socket_.request(neighDel(action.address, bridge->index)));
}

}  // namespace bgplb::netlink
