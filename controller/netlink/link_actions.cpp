#include "netlink/link_actions.hpp"

#include "base/log.hpp"
#include "netlink/host_settings.hpp"
#include "netlink/requests.hpp"

#include <fmt/format.h>
#include <linux/if.h>

#include <utility>

namespace bgplb::netlink {

namespace {

// Limiting the length also keeps a request within its buffer.
bool isLinkName(const std::string& name) { return !name.empty() && name.size() < IFNAMSIZ; }

}  // namespace

std::optional<Link> LinkActions::find(const std::string& name) const {
  const Link* link = mirror_.state().link(name);
  if (link == nullptr) return std::nullopt;
  return *link;
}

Result<Link> LinkActions::findOrCreate(const std::string& name, const char* kind,
                                       const Request& creation) {
  auto link = find(name);
  if (!link) {
    const auto created = socket_.request(creation);
    if (!created) return created.error();
    mirror_.catchUp();
    link = find(name);
    if (!link)
      return transient(fmt::format("{} was created, but no notification shows it yet", name));
  }
  if (link->kind != kind) {
    return conflict(fmt::format("{} exists and is not a {} but {}", name, kind,
                                link->kind.empty() ? "a device" : link->kind));
  }
  return *link;
}

Result<void> LinkActions::bringUp(const Link& link, unsigned mtu, int master) {
  // A kernel without IPv6 refuses this request; it does not generate link-local addresses either.
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

Result<void> LinkActions::apply(const core::BridgeAdd& action) {
  if (!isLinkName(action.name) || !action.name.starts_with(core::kBridgePrefix)) {
    return invalid("not a valid name for one of our bridges");
  }
  const MacAddress address = core::bridgeAddress(action.name, mirror_.state().instance());
  const bool existed = find(action.name).has_value();
  const auto link = findOrCreate(action.name, "bridge", bridgeAdd(action.name, address));
  if (!link) return link.error();
  if (existed) {
    if (const auto own = mirror_.state().ourBridge(action.name); !own) return own.error();
    if (auto changed = socket_.request(bridgeChange(link->index)); !changed) return changed;
    // Only if the address differs, because setting it removes all neighbours on the bridge.
    if (link->address != address) {
      if (auto set = socket_.request(linkSetAddress(link->index, address)); !set) return set;
    }
  }
  // Before the link is up: the kernel handles no router advertisement earlier.
  refuseRouterAdvertisements(*link);
  return bringUp(*link, action.mtu, link->master);
}

void LinkActions::refuseRouterAdvertisements(const Link& bridge) {
  if (bridge.acceptRa == 0 || netlink::refuseRouterAdvertisements(bridge.name)) return;
  if (std::exchange(refusalFailed_, true)) return;
  log::warning(
      "{}: accept_ra cannot be set to 0; only the packet filter drops router advertisements of "
      "containers",
      bridge.name);
}

Result<void> LinkActions::apply(const core::VethAdd& action) {
  if (!core::isVethHostName(action.host) || !isLinkName(action.container)) {
    return invalid("not valid names for one of our veth pairs");
  }
  const auto bridge = mirror_.state().ourBridge(action.bridge);
  if (!bridge) return bridge.error();
  const auto link =
      findOrCreate(action.host, "veth", vethAdd(action.host, action.container, action.mtu));
  if (!link) return link.error();
  return bringUp(*link, action.mtu, bridge->index);
}

// The entry comes before the isolation, which ends the flooding of frames without an entry.
Result<void> LinkActions::apply(const core::PortIsolate& action) {
  const auto bridge = mirror_.state().ourBridge(action.dev);
  if (!bridge) return bridge.error();
  const auto port = find(action.host);
  if (!port || !isOurVeth(*port) || port->master != bridge->index) {
    return notFound(fmt::format("{} is not a port of {}", action.host, action.dev));
  }
  if (auto added = socket_.request(forwardingReplace(action.mac, port->index)); !added) {
    return added;
  }
  for (const auto& other : mirror_.state().forwarding(port->index)) {
    if (other == action.mac) continue;
    auto removed = tolerateMissing(socket_.request(forwardingDel(other, port->index)));
    if (!removed) return removed;
  }
  return port->isolated ? Result<void>{} : socket_.request(portIsolate(port->index));
}

Result<void> LinkActions::apply(const core::LinkDel& action) {
  const auto link = find(action.name);
  if (!link) return {};
  if (!isOurVeth(*link)) {
    if (const auto own = mirror_.state().ourBridge(action.name); !own) return own.error();
  }
  const auto gone = [this, index = link->index] {
    mirror_.catchUp();
    return mirror_.state().link(index) == nullptr;
  };
  auto removed = tolerateMissing(remover_.remove(link->index, mirror_.monitorFd(), gone));
  if (removed && !gone()) mirror_.assumeRemoved(*link);
  return removed;
}

Result<void> LinkActions::apply(const core::NeighReplace& action) {
  const auto bridge = mirror_.state().ourBridge(action.dev);
  if (!bridge) return bridge.error();
  return socket_.request(neighReplace(action.address, action.mac, bridge->index));
}

Result<void> LinkActions::apply(const core::NeighDel& action) {
  const auto bridge = mirror_.state().ourBridge(action.dev);
  if (!bridge) return tolerateMissing(bridge.error());
  return tolerateMissing(socket_.request(neighDel(action.address, bridge->index)));
}

}  // namespace bgplb::netlink
