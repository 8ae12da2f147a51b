#include "core/desired.hpp"

#include "core/answering.hpp"
#include "core/backends.hpp"
#include "core/namespace_members.hpp"
#include "core/udp_flows.hpp"

#include <algorithm>

namespace bgplb::core {

namespace {

bool isRunning(const Facts& facts, const Endpoint& endpoint) {
  if (endpoint.link != LinkState::Joined || !endpoint.container) return false;
  const auto container = facts.containers.find(*endpoint.container);
  return container != facts.containers.end() && container->second.run != RunState::Stopped;
}

void atEarliest(std::optional<TimePoint>& time, std::optional<TimePoint> candidate) {
  if (candidate && (!time || *candidate < *time)) time = candidate;
}

std::optional<TimePoint> reevaluatedAt(const Container& container, const Policy& policy,
                                       TimePoint now) {
  const auto& flapping = container.flapping;
  std::optional<TimePoint> first;
  for (const auto until : {container.stoppingUntil, udpFlowsLeaveAt(container, policy),
                           std::optional(heldUntil(flapping, policy.flap)),
                           std::optional(risenAt(flapping, policy.flap))}) {
    if (until && *until > now) atEarliest(first, until);
  }
  return first;
}

// When the readiness of the backend changes without an event.
std::optional<TimePoint> reevaluatedAt(const Facts& facts, const Endpoint& endpoint,
                                       const Policy& policy, TimePoint now) {
  if (!endpoint.container) return std::nullopt;
  const auto container = facts.containers.find(*endpoint.container);
  if (container == facts.containers.end()) return std::nullopt;
  auto first = reevaluatedAt(container->second, policy, now);
  for (const auto& member : servingMembers(facts, container->first)) {
    atEarliest(first, reevaluatedAt(facts.containers.at(member), policy, now));
  }
  return first;
}

// The host ends that should be ports of the bridge: those that Join is about to hand out, and those
// that exist. A pair that vanished after Join cannot be recreated, because its other end was in the
// container's namespace; readiness() returns NoLink for it. A port without a known endpoint stays:
// after a restart of this program, a plugin call may arrive before dockerd's lists. DeleteEndpoint
// or reconcile/garbage.hpp removes such a port.
std::set<std::string> wantedVeths(const Facts& facts, const Network& network,
                                  const std::set<std::string>& existing,
                                  const std::set<std::string>& ports) {
  std::set<std::string> veths = ports;
  for (const auto& id : network.endpoints) {
    const auto endpoint = facts.endpoints.find(id);
    if (endpoint == facts.endpoints.end()) continue;
    const std::string name = vethHostName(id);
    if (endpoint->second.link == LinkState::Joining || existing.count(name) > 0) veths.insert(name);
  }
  return veths;
}

// The MAC address is known from CreateEndpoint, or from dockerd's list.
std::map<std::string, MacAddress> isolatedPorts(const Facts& facts, const Network& network,
                                                const std::set<std::string>& veths) {
  std::map<std::string, MacAddress> ports;
  for (const auto& id : network.endpoints) {
    const auto endpoint = facts.endpoints.find(id);
    const std::string name = vethHostName(id);
    if (endpoint != facts.endpoints.end() && endpoint->second.mac && veths.contains(name)) {
      ports.emplace(name, *endpoint->second.mac);
    }
  }
  return ports;
}

// The VIP is refused and has been withdrawn: no route on this host may lead to it.
bool isShut(const RouteHold& hold, const Prefix& vip) {
  return hold.refused.contains(vip) && !hold.announced.contains(vip);
}

// Before the first lists, a plugin call may name a network and one of its endpoints while the other
// endpoints are still unknown. So the objects that a previous controller installed stay.
void keepFormer(KernelNetwork& desired, const KernelNetwork& observed, const RouteHold& hold) {
  if (observed.bridge) desired.mtu = observed.mtu;
  for (const auto& route : observed.routes) {
    if (!isShut(hold, route)) desired.routes.insert(route);
  }
  for (const auto& pinned : observed.pinned) {
    if (!isShut(hold, pinned.destination)) desired.pinned.insert(pinned);
  }
  for (const auto& released : observed.released) {
    if (!isShut(hold, released.destination)) desired.released.insert(released);
  }
  desired.neighbors.insert(observed.neighbors.begin(), observed.neighbors.end());
  desired.nextHops.insert(observed.nextHops.begin(), observed.nextHops.end());
  for (const auto& [family, members] : observed.groups) {
    desired.groups[family].insert(members.begin(), members.end());
  }
}

// A previous controller sent new connections for an announced VIP of the network to this slot.
bool wasServing(const KernelNetwork& observed, const Network& network, Slot slot) {
  const auto vips = network.vips();
  return std::any_of(vips.begin(), vips.end(), [&](const Prefix& vip) {
    const auto group = observed.groups.find(vip.family());
    return observed.routes.contains(vip) && group != observed.groups.end() &&
           group->second.contains(nextHop(vip.family(), slot));
  });
}

}  // namespace

DesiredNetwork desiredNetwork(const Facts& facts, const NetworkId& id,
                              const KernelNetwork& observed,
                              const std::set<std::string>& existingVeths, const RouteHold& hold,
                              const Policy& policy, TimePoint now, bool ipv6) {
  DesiredNetwork desired;
  const auto found = facts.networks.find(id);
  if (found == facts.networks.end()) {
    // Keep all objects until the withdrawal is confirmed.
    if (!hold.announced.empty()) desired.kernel = observed;
    return desired;
  }
  const Network& network = found->second;
  desired.kernel.bridge = true;
  desired.kernel.mtu = linkMtu(network.options, network.vip6.has_value());
  desired.kernel.veths = wantedVeths(facts, network, existingVeths, observed.veths);
  desired.kernel.isolated = isolatedPorts(facts, network, desired.kernel.veths);

  const auto slots = assignSlots(facts, network, observed, existingVeths);
  std::map<EndpointId, UdpFlows> udp;
  std::set<Family> anyReady;
  bool running = false;
  for (const auto& endpointId : network.endpoints) {
    const auto endpoint = facts.endpoints.find(endpointId);
    if (endpoint == facts.endpoints.end()) continue;
    // A host end outside the bridge counts as well: the plan makes it a port again.
    const bool linkExists = existingVeths.count(vethHostName(endpointId)) > 0;
    const auto slot = slots.find(endpointId);
    const Reachability reachability{.link = linkExists, .slot = slot != slots.end()};
    if (linkExists && !reachability.slot) desired.withoutSlot.insert(endpointId);
    const Readiness state = readiness(facts, endpointId, reachability, policy, now);
    const bool ready = state == Readiness::Ready;
    if (!ready) udp[endpointId] = udpFlows(facts, endpoint->second, state, policy, now);
    const bool former = !ready && !hold.announced.empty() && slot != slots.end() &&
                        isUndecided(facts, endpointId, policy, now) &&
                        wasServing(observed, network, slot->second);
    for (const auto& vip : network.vips()) {
      if (!ready && !former) continue;
      const Family family = vip.family();
      if (auto reason = cannotAnswer(facts, endpointId, family); !reason.empty()) {
        desired.unanswered.try_emplace(family, std::move(reason));
        continue;
      }
      desired.serving[family].insert(endpointId);
      if (ready) anyReady.insert(family);
    }
    running = running || isRunning(facts, endpoint->second);
    atEarliest(desired.reevaluateAt, reevaluatedAt(facts, endpoint->second, policy, now));
  }
  for (const auto& [family, serving] : desired.serving) {
    desired.announce.emplace(family, announcedAttributes(network.options, serving.size()));
    desired.unanswered.erase(family);
  }
  for (const auto& vip : network.vips()) {
    if (isShut(hold, vip)) continue;
    if (vip.family() == Family::V6 && !ipv6) continue;
    bool routed = desired.announce.contains(vip.family()) || hold.announced.contains(vip);
    const auto withdrawn = hold.withdrawnAt.find(vip);
    if (!routed && running && withdrawn != hold.withdrawnAt.end()) {
      const TimePoint until = withdrawn->second + policy.drainGrace;
      routed = now < until;
      if (routed) atEarliest(desired.reevaluateAt, until);
    }
    const auto& serving = desired.serving[vip.family()];
    addNextHops(desired.kernel, vip, facts, slots, serving, observed, routed);
    releaseUdpFlows(desired.kernel, vip, slots, serving, udp, observed);
    // No new route during the grace period: it would attract traffic to a VIP that is not
    // announced.
    const bool keep = routed && observed.routes.count(vip) > 0;
    const bool possible = desired.kernel.groups.contains(vip.family());
    const bool add = anyReady.contains(vip.family()) && !hold.refused.contains(vip);
    if (possible && (add || keep)) desired.kernel.routes.insert(vip);
  }
  if (!facts.listed) keepFormer(desired.kernel, observed, hold);
  return desired;
}

std::set<std::string> replyBridges(const Facts& facts, const ContainerId& id) {
  std::set<std::string> links;
  const auto container = facts.containers.find(id);
  if (container == facts.containers.end() || container->second.attached.empty()) return links;
  for (const auto& [other, families] : container->second.others) {
    const auto bridge = facts.bridges.find(other);
    if (bridge != facts.bridges.end()) links.insert(bridge->second.link);
  }
  return links;
}

std::set<std::string> replyBridges(const Facts& facts) {
  std::set<std::string> links;
  for (const auto& [id, bridge] : facts.bridges) {
    if (bridge.advertise || bridge.link == kSwarmGatewayBridge) links.insert(bridge.link);
  }
  for (const auto& [id, container] : facts.containers) links.merge(replyBridges(facts, id));
  return links;
}

}  // namespace bgplb::core
