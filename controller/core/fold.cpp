#include "core/fold.hpp"


#include <algorithm>

namespace bgplb::core {

namespace {

constexpr int kSigKill = 9;
constexpr const char* kAdvertiseLabel = "bgplb_advertise";
constexpr const char* kBridgeNameOption = "com.docker.network.bridge.name";

Touched networksOf(const Facts& facts, const ContainerId& id) {
  Touched touched;
  const auto found = facts.containers.find(id);
  if (found == facts.containers.end()) return touched;
  for (const auto& [network, endpoint] : found->second.attached) touched.insert(network);
  return touched;
}

bool isWell(const Container& container) {
  return container.asked && container.run == RunState::Running &&
         (container.health == Health::None || container.health == Health::Healthy);
}

// Changes a container and notes whether it became well, or failed.
template <typename Change>
void noting(const Facts& facts, Container& container, TimePoint now, Change change) {
  const bool wasWell = isWell(container);
  const bool told = container.stoppingUntil || container.drain;  // its end was asked for
  change(container);
  if (isWell(container) == wasWell) return;
  if (!wasWell) {
    becameWell(container.flapping, now, !facts.engineAsked);
    return;
  }
  const bool crashed = container.run == RunState::Stopped && !told;
  const bool failed = crashed || container.health == Health::Unhealthy;
  becameIll(container.flapping, failed, facts.flapPolicy, now);
}

// The container that an event is about: counted, so that an older answer of the engine cannot undo
// it. Before the first full list any container may be one of ours.
std::map<ContainerId, Container>::iterator subject(Facts& facts, const ContainerId& id) {
  if (!facts.engineAsked) facts.containers.try_emplace(id);
  const auto found = facts.containers.find(id);
  if (found != facts.containers.end()) ++found->second.events;
  return found;
}

template <typename Change>
Touched changed(Facts& facts, const ContainerId& id, TimePoint now, Change change) {
  const auto found = subject(facts, id);
  if (found == facts.containers.end()) return {};
  noting(facts, found->second, now, change);
  return networksOf(facts, id);
}

void takeReport(Container& container, const ContainerReport& report) {
  // Empty: its start was seen, and what came since is of this run.
  const bool anotherRun = !container.startedAt.empty() && container.startedAt != report.startedAt;
  if (report.run == RunState::Running && anotherRun) {
    container.drain.reset();
    container.stoppingUntil.reset();
  }
  // After a restart of dockerd under live-restore every health check begins again at `starting`,
  // which says nothing of a run that was healthy.
  const bool sameRun = container.startedAt == report.startedAt && container.asked;
  const bool forgotten = sameRun && report.health == Health::Starting &&
                         container.health == Health::Healthy;
  container.run = report.run;
  if (!forgotten) container.health = report.health;
  container.stopSignal = report.stopSignal;
  container.stopTimeout = report.stopTimeout;
  container.startedAt = report.startedAt;
  container.asked = true;
}

void forgetVip(Facts& facts, const NetworkId& id, const Prefix& vip) {
  const auto holders = facts.byVip.find(vip);
  if (holders == facts.byVip.end()) return;
  holders->second.erase(id);
  if (holders->second.empty()) facts.byVip.erase(holders);
}

void addVip(Facts& facts, const NetworkId& id, const Prefix& prefix) {
  // Among what is no VIP is the stand-in of an IPv6-only network.
  if (!prefix.isHost() || !prefix.address().isUsableUnicast()) return;
  auto& network = facts.networks[id];
  auto& vip = prefix.family() == Family::V4 ? network.vip4 : network.vip6;
  if (vip == prefix) return;
  if (vip) forgetVip(facts, id, *vip);
  vip = prefix;
  facts.byVip[prefix].insert(id);
}

void detach(Facts& facts, const Endpoint& endpoint, const EndpointId& id) {
  if (!endpoint.container) return;
  const auto container = facts.containers.find(*endpoint.container);
  if (container == facts.containers.end()) return;
  const auto attached = container->second.attached.find(endpoint.network);
  if (attached == container->second.attached.end() || attached->second != id) return;
  container->second.attached.erase(attached);
}

// An endpoint is of one network: the one that was named last.
Endpoint& endpointOf(Facts& facts, const NetworkId& network, const EndpointId& id,
                     Touched& touched) {
  auto& endpoint = facts.endpoints[id];
  const auto former = facts.networks.find(endpoint.network);
  if (former != facts.networks.end() && former->first != network) {
    detach(facts, endpoint, id);
    former->second.endpoints.erase(id);
    touched.insert(former->first);
  }
  facts.networks[network].endpoints.insert(id);
  endpoint.network = network;
  touched.insert(network);
  return endpoint;
}

DockerBridge bridgeOf(const NetworkReport& report) {
  DockerBridge bridge{.name = report.name, .link = "br-" + report.id.brief()};
  if (const auto name = report.options.find(kBridgeNameOption); name != report.options.end()) {
    bridge.link = name->second;
  }
  const auto label = report.labels.find(kAdvertiseLabel);
  bridge.advertise = label != report.labels.end() && label->second == "true";
  bridge.subnets = report.subnets;
  std::sort(bridge.subnets.begin(), bridge.subnets.end());
  return bridge;
}

}  // namespace

std::vector<Prefix> Network::vips() const {
  std::vector<Prefix> all;
  if (vip4) all.push_back(*vip4);
  if (vip6) all.push_back(*vip6);
  return all;
}

Touched networkCreated(Facts& facts, const NetworkId& id, std::optional<Prefix> vip4,
                       std::optional<Prefix> vip6, const NetworkOptions& options) {
  auto& network = facts.networks[id];
  if (vip4) addVip(facts, id, *vip4);
  if (vip6) addVip(facts, id, *vip6);
  network.options = options;
  return {id};
}

Touched networkDeleted(Facts& facts, const NetworkId& id) {
  const auto found = facts.networks.find(id);
  if (found == facts.networks.end()) return {id};  // its links may still be there
  for (const auto& endpointId : found->second.endpoints) {
    const auto endpoint = facts.endpoints.find(endpointId);
    if (endpoint == facts.endpoints.end()) continue;
    detach(facts, endpoint->second, endpointId);
    facts.endpoints.erase(endpoint);
  }
  for (const auto& vip : found->second.vips()) forgetVip(facts, id, vip);
  facts.networks.erase(found);
  return {id};
}

Touched endpointCreated(Facts& facts, const NetworkId& networkId, const EndpointId& id,
                        std::optional<Address> address4, std::optional<Address> address6,
                        std::optional<MacAddress> mac) {
  auto& network = facts.networks[networkId];
  if (address4 && !network.vip4) addVip(facts, networkId, Prefix::host(*address4));
  if (address6 && !network.vip6) addVip(facts, networkId, Prefix::host(*address6));
  Touched touched;
  auto& endpoint = endpointOf(facts, networkId, id, touched);
  if (mac) endpoint.mac = mac;
  return touched;
}

Touched endpointLink(Facts& facts, const EndpointId& id, LinkState state) {
  const auto found = facts.endpoints.find(id);
  if (found == facts.endpoints.end()) return {};
  found->second.link = state;
  return {found->second.network};
}

Touched endpointDeleted(Facts& facts, const EndpointId& id) {
  const auto found = facts.endpoints.find(id);
  if (found == facts.endpoints.end()) return {};
  const NetworkId networkId = found->second.network;
  if (const auto network = facts.networks.find(networkId); network != facts.networks.end()) {
    network->second.endpoints.erase(id);
  }
  detach(facts, found->second, id);
  facts.endpoints.erase(found);
  return {networkId};
}

Touched networkReported(Facts& facts, const NetworkReport& report, bool ours) {
  if (ours) {
    if (report.clusterWide && facts.networks.count(report.id) == 0) return {};
    auto& network = facts.networks[report.id];
    network.name = report.name;
    network.options = readableOptions(report.options);
    for (const auto& subnet : report.subnets) addVip(facts, report.id, subnet);
    return {report.id};
  }
  if (report.driver == "bridge") facts.bridges[report.id] = bridgeOf(report);
  return {};
}

Touched networksReported(Facts& facts, const std::vector<NetworkReport>& all,
                         const std::set<NetworkId>& ours, const std::set<NetworkId>& inUse) {
  Touched touched;
  std::set<NetworkId> seen;
  for (const auto& report : all) {
    const bool own = ours.count(report.id) > 0;
    seen.insert(report.id);
    if (own && inUse.count(report.id) > 0) facts.networks.try_emplace(report.id);
    touched.merge(networkReported(facts, report, own));
  }
  for (auto& [id, network] : facts.networks) network.listed = seen.count(id) > 0;
  std::erase_if(facts.bridges, [&](const auto& entry) { return seen.count(entry.first) == 0; });
  return touched;
}

Touched containerReported(Facts& facts, const ContainerReport& report, TimePoint now) {
  auto& container = facts.containers[report.id];
  container.name = report.name;
  noting(facts, container, now, [&report](Container& known) { takeReport(known, report); });
  if (const auto former = facts.formerDrains.extract(report.id)) {
    const bool stillTheSame = former.mapped().startedAt == report.startedAt;
    if (stillTheSame && !container.drain) container.drain = former.mapped().drain;
  }

  Touched touched = networksOf(facts, report.id);
  container.attached.clear();
  container.others.clear();
  for (const auto& attachment : report.attachments) {
    const auto network = facts.networks.find(attachment.network);
    if (network == facts.networks.end()) {
      container.others.insert(attachment.network);
      continue;
    }
    if (attachment.endpoint.empty()) continue;  // not running: it has no endpoint
    container.attached[attachment.network] = attachment.endpoint;
    const bool isNew = !facts.endpoints.contains(attachment.endpoint);
    auto& endpoint = endpointOf(facts, attachment.network, attachment.endpoint, touched);
    endpoint.container = report.id;
    if (!endpoint.mac) endpoint.mac = attachment.mac;
    if (isNew) endpoint.link = LinkState::Joined;  // joined before we were started
  }
  // On no LB network (that we know of) it is none of our business, but a drain holds for when it is.
  if (container.attached.empty() && report.run != RunState::Stopped && !container.drain) {
    facts.containers.erase(report.id);
  }
  return touched;
}

EventCounts eventCounts(const Facts& facts) {
  EventCounts counts;
  for (const auto& [id, container] : facts.containers) counts[id] = container.events;
  return counts;
}

Touched containersListed(Facts& facts, const std::set<ContainerId>& running,
                         const EventCounts& whenAsked, TimePoint now) {
  Touched touched;
  for (const auto& [id, events] : whenAsked) {
    const auto container = facts.containers.find(id);
    if (container == facts.containers.end() || running.count(id) > 0) continue;
    if (container->second.events != events || container->second.run == RunState::Stopped) continue;
    touched.merge(containerDied(facts, id, now));
  }
  facts.engineAsked = true;
  return touched;
}

Touched containerStarted(Facts& facts, const ContainerId& id, TimePoint now) {
  facts.containers.try_emplace(id);
  return changed(facts, id, now, [](Container& container) {
    container.run = RunState::Running;
    container.health = Health::Starting;
    container.asked = false;
    container.startedAt.clear();
    container.drain.reset();
    container.stoppingUntil.reset();
  });
}

Touched containerDied(Facts& facts, const ContainerId& id, TimePoint now) {
  return changed(facts, id, now, [](Container& container) {
    // Who stops it by hand means the next run to be a new beginning.
    if (container.stoppingUntil || container.drain) container.flapping = {};
    container.run = RunState::Stopped;
    container.stoppingUntil.reset();
  });
}

Touched containerDestroyed(Facts& facts, const ContainerId& id) {
  const Touched touched = networksOf(facts, id);
  facts.containers.erase(id);
  for (const auto& network : touched) {
    for (const auto& endpoint : facts.networks[network].endpoints) {
      auto& known = facts.endpoints[endpoint];
      if (known.container == id) known.container.reset();
    }
  }
  return touched;
}

Touched containerPaused(Facts& facts, const ContainerId& id, bool paused, TimePoint now) {
  return changed(facts, id, now, [paused](Container& container) {
    container.run = paused ? RunState::Paused : RunState::Running;
  });
}

Touched containerHealth(Facts& facts, const ContainerId& id, Health health, TimePoint now) {
  return changed(facts, id, now, [health](Container& container) { container.health = health; });
}

Touched containerSignalled(Facts& facts, const ContainerId& id, int signal, TimePoint now) {
  return changed(facts, id, now, [signal, now](Container& container) {
    if (signal != kSigKill && signal != container.stopSignal) return;
    container.stoppingUntil = now + container.stopTimeout;
  });
}

Touched containerDrained(Facts& facts, const ContainerId& id, const Drain& drain) {
  const auto found = subject(facts, id);
  if (found == facts.containers.end()) return {};
  if (!found->second.drain) found->second.drain = drain;  // a second SIGUSR2 does not begin it again
  return networksOf(facts, id);
}

void containerAttachmentsChanged(Facts& facts, const ContainerId& id) { subject(facts, id); }

Touched bridgeDestroyed(Facts& facts, const NetworkId& id) {
  facts.bridges.erase(id);
  return {};
}

}  // namespace bgplb::core
