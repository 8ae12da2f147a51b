#include "core/backends.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bgplb::core {

namespace {

constexpr Family kFamilies[] = {Family::V4, Family::V6};

// The MAC addresses of the backends that need a slot. If several backends have the same MAC
// address, only the first gets a slot: the bridge delivers the packets for a MAC address to one
// port.
std::map<EndpointId, MacAddress> reachable(const Facts& facts, const Network& network,
                                           const std::set<std::string>& existingVeths) {
  std::map<EndpointId, MacAddress> macs;
  std::set<MacAddress> taken;
  for (const auto& id : network.endpoints) {
    const auto endpoint = facts.endpoints.find(id);
    if (endpoint == facts.endpoints.end() || endpoint->second.link != LinkState::Joined) continue;
    const auto& mac = endpoint->second.mac;
    if (!mac || !existingVeths.contains(vethHostName(id))) continue;
    if (taken.insert(*mac).second) macs.emplace(id, *mac);
  }
  return macs;
}

bool hasNeighbor(const KernelNetwork& observed, Slot slot) {
  return std::any_of(std::begin(kFamilies), std::end(kFamilies), [&](Family family) {
    return observed.neighbors.contains(nextHop(family, slot));
  });
}

// The lowest free slot. A slot without neighbour entries is preferred to the slot of a removed
// backend.
std::optional<Slot> freeSlot(const std::set<Slot>& taken, const KernelNetwork& observed) {
  std::optional<Slot> reusable;
  for (Slot slot = 1; slot <= kSlots; ++slot) {
    if (taken.contains(slot)) continue;
    if (!hasNeighbor(observed, slot)) return slot;
    if (!reusable) reusable = slot;
  }
  return reusable;
}

void keepMember(KernelNetwork& desired, const KernelNetwork& observed, const Address& via) {
  const auto neighbor = observed.neighbors.find(via);
  if (neighbor != observed.neighbors.end()) desired.neighbors.insert(*neighbor);
  desired.nextHops.insert(via);
}

}  // namespace

std::map<EndpointId, Slot> assignSlots(const Facts& facts, const Network& network,
                                       const KernelNetwork& observed,
                                       const std::set<std::string>& existingVeths) {
  const auto macs = reachable(facts, network, existingVeths);
  std::map<MacAddress, Slot> known;
  for (const auto& [via, mac] : observed.neighbors) {
    if (const auto slot = slotOf(via)) known.emplace(mac, *slot);
  }
  std::map<EndpointId, Slot> slots;
  std::set<Slot> taken;
  for (const auto& [id, mac] : macs) {
    const auto slot = known.find(mac);
    if (slot != known.end() && taken.insert(slot->second).second) slots.emplace(id, slot->second);
  }
  for (const auto& [id, mac] : macs) {
    if (slots.contains(id)) continue;
    const auto slot = freeSlot(taken, observed);
    if (!slot) break;
    taken.insert(*slot);
    slots.emplace(id, *slot);
  }
  return slots;
}

Result<void> checkMac(const Facts& facts, const NetworkId& networkId, const EndpointId& id,
                      const MacAddress& mac,
                      const std::function<bool(const EndpointId&)>& hasLink) {
  const auto network = facts.networks.find(networkId);
  if (network == facts.networks.end()) return {};
  for (const auto& otherId : network->second.endpoints) {
    const auto other = facts.endpoints.find(otherId);
    if (otherId == id || other == facts.endpoints.end() || other->second.mac != mac) continue;
    const LinkState link = other->second.link;
    if (link == LinkState::Left || (link == LinkState::Joined && !hasLink(otherId))) continue;
    const auto container = other->second.container ? facts.containers.find(*other->second.container)
                                                   : facts.containers.end();
    const std::string holder = container == facts.containers.end()
                                   ? "endpoint " + otherId.brief()
                                   : "container " + container->second.name;
    return conflict(fmt::format(
        "MAC address {} is in use on this VIP network by {}: give each container a MAC address of "
        "its own, or none (mac_address, --mac-address)",
        mac.toString(), holder));
  }
  return {};
}

void addNextHops(KernelNetwork& desired, const Prefix& vip, const Facts& facts,
                 const std::map<EndpointId, Slot>& slots, const std::set<EndpointId>& serving,
                 const KernelNetwork& observed, bool routed) {
  std::set<Address> all;
  std::set<Address> members;
  for (const auto& [id, slot] : slots) {
    const Address via = nextHop(vip.family(), slot);
    desired.neighbors[via] = *facts.endpoints.at(id).mac;
    desired.nextHops.insert(via);
    desired.pinned.insert({vip, via});
    all.insert(via);
    if (serving.contains(id)) members.insert(via);
  }
  if (members.empty()) {
    const auto group = observed.groups.find(vip.family());
    const bool keep = routed && group != observed.groups.end();
    members = keep ? group->second : all;
    for (const auto& via : members) {
      if (keep && !all.contains(via)) keepMember(desired, observed, via);
    }
  }
  if (!members.empty()) desired.groups[vip.family()] = members;
}

}  // namespace bgplb::core
