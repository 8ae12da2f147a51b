#include "core/desired.hpp"

#include "core/backends.hpp"

#include <algorithm>

namespace bgplb::core {

namespace {

bool isRunning(const Facts& facts, const Endpoint& endpoint) {
  if (endpoint.link != LinkState::Joined || !endpoint.container) return false;
  const auto container = facts.containers.find(*endpoint.container);
  return container != facts.containers.end() && container->second.run != RunState::Stopped;
}

std::optional<TimePoint> judgedAgainAt(const Facts& facts, const Endpoint& endpoint, TimePoint now) {
  if (!endpoint.container) return std::nullopt;
  const auto container = facts.containers.find(*endpoint.container);
  if (container == facts.containers.end()) return std::nullopt;
  const auto& flapping = container->second.flapping;
  std::optional<TimePoint> first;
  for (const auto until : {container->second.stoppingUntil, flapping.heldUntil,
                           std::optional(risenAt(flapping, facts.flapPolicy))}) {
    if (until && *until > now && (!first || *until < *first)) first = until;
  }
  return first;
}

void atEarliest(std::optional<TimePoint>& again, std::optional<TimePoint> candidate) {
  if (candidate && (!again || *candidate < *again)) again = candidate;
}

// The veth pairs that should be ports of the bridge: Join's, and those that dockerd has. A pair that
// has vanished after Join cannot be made again from here (its other end was in the container), so it
// is not wanted; readiness() then says NoLink. A port that nobody told us about stays: after a
// restart of this program a plugin call may come before the engine's lists do. It goes with
// DeleteEndpoint, or as garbage.
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

// A plugin call may tell of a network before the engine does, and tells only of one endpoint: what a
// former controller made for the others stands until the engine was asked.
void keepFormer(KernelNetwork& desired, const KernelNetwork& observed) {
  if (observed.bridge) desired.mtu = observed.mtu;
  desired.routes.insert(observed.routes.begin(), observed.routes.end());
  desired.neighbors.insert(observed.neighbors.begin(), observed.neighbors.end());
  desired.nextHops.insert(observed.nextHops.begin(), observed.nextHops.end());
  desired.pinned.insert(observed.pinned.begin(), observed.pinned.end());
  for (const auto& [family, members] : observed.groups) {
    desired.groups[family].insert(members.begin(), members.end());
  }
}

}  // namespace

DesiredNetwork desiredNetwork(const Facts& facts, const NetworkId& id,
                              const KernelNetwork& observed,
                              const std::set<std::string>& existingVeths, const RouteHold& hold,
                              std::chrono::milliseconds drainGrace, TimePoint now) {
  DesiredNetwork desired;
  const auto found = facts.networks.find(id);
  if (found == facts.networks.end()) {
    if (hold.announced) desired.kernel = observed;  // the withdrawal goes first
    return desired;
  }
  const Network& network = found->second;
  desired.kernel.bridge = true;
  desired.kernel.mtu = network.options.mtu;
  desired.kernel.veths = wantedVeths(facts, network, existingVeths, observed.veths);

  bool running = false;
  for (const auto& endpointId : network.endpoints) {
    const auto endpoint = facts.endpoints.find(endpointId);
    if (endpoint == facts.endpoints.end()) continue;
    // A pair that only lost its bridge is put back by this plan.
    const bool linkThere = existingVeths.count(vethHostName(endpointId)) > 0;
    if (readiness(facts, endpointId, linkThere, now) == Readiness::Ready) {
      desired.ready.insert(endpointId);
    }
    running = running || isRunning(facts, endpoint->second);
    atEarliest(desired.again, judgedAgainAt(facts, endpoint->second, now));
  }
  if (!desired.ready.empty()) {
    desired.announce = announcedAttributes(network.options, desired.ready.size());
  }

  bool routed = desired.announce.has_value() || hold.announced;
  if (!routed && running && hold.withdrawnAt) {
    const TimePoint until = *hold.withdrawnAt + drainGrace;
    routed = now < until;
    if (routed) atEarliest(desired.again, until);
  }
  const auto slots = assignSlots(facts, network, observed, existingVeths);
  for (const auto& vip : network.vips()) {
    addNextHops(desired.kernel, vip, facts, slots, desired.ready, observed, routed);
    // Never a new route in a grace period: it would draw traffic that nobody announced.
    const bool keep = routed && observed.routes.count(vip) > 0;
    const bool possible = desired.kernel.groups.contains(vip.family());
    if (possible && (desired.announce || keep)) desired.kernel.routes.insert(vip);
  }
  if (!facts.engineAsked) keepFormer(desired.kernel, observed);
  return desired;
}

std::set<Prefix> gatewaySubnets(const Facts& facts) {
  std::set<Prefix> subnets;
  for (const auto& [id, bridge] : facts.bridges) {
    if (bridge.advertise) subnets.insert(bridge.subnets.begin(), bridge.subnets.end());
  }
  return subnets;
}

std::set<std::string> replyBridges(const Facts& facts, const ContainerId& id) {
  std::set<std::string> links;
  const auto container = facts.containers.find(id);
  if (container == facts.containers.end() || container->second.attached.empty()) return links;
  for (const auto& other : container->second.others) {
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
