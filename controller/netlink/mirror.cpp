#include "netlink/mirror.hpp"

#include "base/overloaded.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bgplb::netlink {

namespace {

// Excludes veths, which are created and removed with every container.
bool mayCarryHostTraffic(const Link& link) { return link.kind != "veth" && !isVipBridge(link); }

// Includes addresses that are not usable as a source, such as tentative ones: no VIP may have such
// an address. Every link with IPv6 has a link-local address.
bool isOfHost(const reconcile::HostAddress& address) {
  return address.usable || address.address.isUsableUnicast();
}

}  // namespace

bool isVipBridge(const Link& link) {
  return link.kind == "bridge" && link.name.starts_with(core::kBridgePrefix);
}

bool isOurVeth(const Link& link) { return link.kind == "veth" && core::isVethHostName(link.name); }

bool Mirror::isOurBridge(const Link& link) const {
  return isVipBridge(link) &&
         core::instanceOf(link.name, link.address).value_or(instance_) == instance_;
}

void Mirror::fold(const Notification& notification, Changes& changes) {
  const bool removed = notification.change == Change::Removed;
  const Overloaded visitor{
      [&](const Link& link) { foldLink(link, removed, changes); },
      [&](const Route& route) { foldRoute(route, notification.change, changes); },
      [&](const Neighbor& neighbor) { foldNeighbor(neighbor, removed, changes); },
      [&](const ForwardingEntry& entry) { foldForwarding(entry, removed, changes); },
      [&](const NextHop& hop) { foldNextHop(hop, removed, changes); },
      [&](const SlotRule& rule) { foldRule(rule, removed, changes); },
      [&](const reconcile::HostAddress& address) { foldAddress(address, removed, changes); },
  };
  std::visit(visitor, notification.object);
}

void Mirror::foldLink(const Link& link, bool removed, Changes& changes) {
  const auto found = devices_.find(link.index);
  const std::optional<Link> before = found == devices_.end() ? std::nullopt : found->second.link;
  // The carrier was gained and lost between two notifications: the kernel accepted next hops while
  // the carrier was present and has since removed them without a notification.
  if (before && !removed && !before->running && !link.running && !found->second.nextHops.empty()) {
    changes.doubtfulLinks.insert(link.index);
  }
  if (removed ? !before : before == link) return;

  // A change to a port affects its old and its new bridge; a change to a bridge affects the bridge
  // itself. Loss of carrier alone is reported through the next hops that are removed with it, and
  // accept_ra is checked after a dump.
  Link comparable = before.value_or(link);
  comparable.running = comparable.running && link.running;
  comparable.acceptRa = link.acceptRa;
  comparable.carrier = link.carrier;
  Changes affected;
  markBridge(link.index, affected);
  if (before) {
    if (isOurVeth(*before)) markBridge(before->master, affected);
    unindex(*before);
  }
  if (!removed) index(link);
  markBridge(link.index, affected);
  if (!removed && isOurVeth(link)) markBridge(link.master, affected);
  if (removed || comparable != link || !before) changes.add(std::move(affected));

  const bool isVethUp = !removed && link.up && isOurVeth(link);
  if (isVethUp && before && before->carrier != link.carrier) {
    changes.carriers[link.name] = link.carrier;
  }

  const bool wasUp = before && before->up;
  if (wasUp && (removed || !link.up)) {
    dropRoutes(link.index, Family::V4, changes);
    dropRoutes(link.index, Family::V6, changes);
    devices_[link.index].neighbors.clear();
  }
  if (before && before->running && (removed || !link.running)) dropNextHops(link.index, changes);
  if (removed) {
    dropAddresses(devices_[link.index], changes);
    addressed_.erase(link.index);
    devices_[link.index].forwarding.clear();
    forgetIfEmpty(link.index);
  }
  const bool sameName = before && before->name == link.name;
  if (mayCarryHostTraffic(link) && (removed || !sameName || wasUp != link.up))
    changes.hostNetwork = true;
}

void Mirror::index(const Link& link) {
  devices_[link.index].link = link;
  indexByName_[link.name] = link.index;
  if (isOurBridge(link)) bridges_.insert(link.name);
  if (isOurVeth(link)) veths_.insert(link.name);
  if (link.master != 0) devices_[link.master].ports.insert(link.index);
}

void Mirror::unindex(const Link& link) {
  devices_[link.index].link.reset();
  // After a rename, another link may already have the old name.
  const auto named = indexByName_.find(link.name);
  if (named != indexByName_.end() && named->second == link.index) {
    indexByName_.erase(named);
    bridges_.erase(link.name);
    veths_.erase(link.name);
  }
  if (link.master != 0) {
    devices_[link.master].ports.erase(link.index);
    forgetIfEmpty(link.master);
  }
}

void Mirror::foldNeighbor(const Neighbor& neighbor, bool removed, Changes& changes) {
  if (!removed && neighbor.permanent) {
    const auto [entry, added] =
        devices_[neighbor.ifIndex].neighbors.try_emplace(neighbor.address, neighbor.mac);
    if (!added && entry->second == neighbor.mac) return;
    entry->second = neighbor.mac;
    return markBridge(neighbor.ifIndex, changes);
  }
  const auto device = devices_.find(neighbor.ifIndex);
  if (device == devices_.end() || device->second.neighbors.erase(neighbor.address) == 0) return;
  markBridge(neighbor.ifIndex, changes);
  forgetIfEmpty(neighbor.ifIndex);
}

void Mirror::foldForwarding(const ForwardingEntry& entry, bool removed, Changes& changes) {
  const auto device = devices_.find(entry.ifIndex);
  if (removed || !entry.isStatic) {
    if (device == devices_.end() || device->second.forwarding.erase(entry.mac) == 0) return;
  } else if (!devices_[entry.ifIndex].forwarding.insert(entry.mac).second) {
    return;
  }
  const Link* port = link(entry.ifIndex);
  if (port != nullptr && isOurVeth(*port)) markBridge(port->master, changes);
  forgetIfEmpty(entry.ifIndex);
}

void Mirror::foldAddress(const reconcile::HostAddress& address, bool removed, Changes& changes) {
  auto& addresses = devices_[address.ifIndex].addresses;
  const std::pair key{address.address, address.subnet};
  const auto known = addresses.find(key);
  if (!removed) {
    const bool same = known != addresses.end() && known->second == address;
    if (!same && isOfHost(address)) changes.hostNetwork = true;
    addresses[key] = address;
    addressed_.insert(address.ifIndex);
    return;
  }
  if (known != addresses.end()) {
    if (isOfHost(known->second)) changes.hostNetwork = true;
    addresses.erase(known);
  }
  if (addresses.empty()) addressed_.erase(address.ifIndex);
  // With the last IPv4 address of a link, the kernel removes all its IPv4 routes.
  const bool anyV4 = !addresses.empty() && addresses.begin()->first.first.isV4();  // V4 sorts first
  if (address.address.isV4() && !anyV4) dropRoutes(address.ifIndex, Family::V4, changes);
  forgetIfEmpty(address.ifIndex);
}

void Mirror::dropAddresses(Device& device, Changes& changes) {
  for (const auto& [key, entry] : device.addresses) {
    if (isOfHost(entry)) changes.hostNetwork = true;
  }
  device.addresses.clear();
}

void Mirror::forgetIfEmpty(int ifIndex) {
  const auto found = devices_.find(ifIndex);
  if (found == devices_.end()) return;
  const Device& device = found->second;
  if (!device.link && device.ports.empty() && device.routes.empty() && device.pinned.empty() &&
      device.nextHops.empty() && device.neighbors.empty() && device.forwarding.empty() &&
      device.addresses.empty()) {
    devices_.erase(found);
  }
}

void Mirror::markBridge(int ifIndex, Changes& changes) const {
  const Link* bridge = link(ifIndex);
  if (bridge != nullptr && isOurBridge(*bridge)) changes.bridges.insert(bridge->name);
}

std::set<MacAddress> Mirror::forwarding(int ifIndex) const {
  const auto found = devices_.find(ifIndex);
  return found == devices_.end() ? std::set<MacAddress>{} : found->second.forwarding;
}

const Link* Mirror::link(int index) const {
  const auto found = devices_.find(index);
  return found == devices_.end() || !found->second.link ? nullptr : &*found->second.link;
}

const Link* Mirror::link(const std::string& name) const {
  const auto found = indexByName_.find(name);
  return found == indexByName_.end() ? nullptr : link(found->second);
}

core::KernelNetwork Mirror::observe(const std::string& bridge) const {
  const Link* itself = link(bridge);
  if (itself == nullptr || !isOurBridge(*itself)) return {};
  const Device& device = devices_.at(itself->index);
  core::KernelNetwork network;
  network.bridge = itself->up;
  network.mtu = itself->mtu;
  network.neighbors = device.neighbors;
  for (const auto& route : device.routes) network.strays.insert(route.destination);
  observeNextHops(device, network);
  network.veths = vethsOn(bridge);
  for (const auto& name : network.veths) {
    const Link& port = *link(name);
    const auto& entries = devices_.at(port.index).forwarding;
    if (port.isolated && entries.size() == 1) network.isolated.emplace(name, *entries.begin());
  }
  return network;
}

std::set<std::string> Mirror::vethsOn(const std::string& bridge) const {
  std::set<std::string> veths;
  const Link* itself = link(bridge);
  if (itself == nullptr || !isOurBridge(*itself)) return veths;
  for (const int index : devices_.at(itself->index).ports) {
    const Link* port = link(index);
    if (port != nullptr && port->up && isOurVeth(*port)) veths.insert(port->name);
  }
  return veths;
}

Result<Link> Mirror::ourBridge(const std::string& name) const {
  const Link* found = link(name);
  if (found == nullptr) return notFound("no link " + name);
  if (!isVipBridge(*found)) return conflict(name + " is not one of our bridges");
  if (!isOurBridge(*found)) {
    const auto owner = core::instanceOf(name, found->address).value_or(instance_);
    return conflict(
        fmt::format("{} is a bridge of the plugin with INSTANCE={}", name, owner.number()));
  }
  return *found;
}

std::vector<reconcile::HostAddress> Mirror::addresses() const {
  std::vector<reconcile::HostAddress> all;
  for (const int index : addressed_) {
    for (const auto& [key, entry] : devices_.at(index).addresses) all.push_back(entry);
  }
  return all;
}

bool Mirror::hasSameObjects(const std::string& bridge, const Mirror& other) const {
  const Link* here = link(bridge);
  const Link* there = other.link(bridge);
  if (here == nullptr || there == nullptr || *here != *there) return false;
  const Device& mine = devices_.at(here->index);
  const Device& theirs = other.devices_.at(there->index);
  if (mine.ports != theirs.ports || mine.routes != theirs.routes || mine.pinned != theirs.pinned ||
      mine.neighbors != theirs.neighbors || mine.nextHops != theirs.nextHops) {
    return false;
  }
  const auto sameRule = [&](const core::PinnedRoute& route) {
    return hasRule(ruleOf(route)) == other.hasRule(ruleOf(route));
  };
  const auto samePort = [&](int index) {
    const Link* port = link(index);
    const Link* otherPort = other.link(index);
    return port != nullptr && otherPort != nullptr && *port == *otherPort &&
           forwarding(index) == other.forwarding(index);
  };
  return std::all_of(mine.pinned.begin(), mine.pinned.end(), sameRule) &&
         std::all_of(mine.ports.begin(), mine.ports.end(), samePort) &&
         std::all_of(mine.nextHops.begin(), mine.nextHops.end(),
                     [&](std::uint32_t id) { return hasSameNextHop(id, other); });
}

bool Mirror::differ(const Mirror& one, const Mirror& other, const std::string& bridge) {
  if (one.hasSameObjects(bridge, other)) return false;
  return one.observe(bridge) != other.observe(bridge);
}

}  // namespace bgplb::netlink
