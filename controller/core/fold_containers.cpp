#include "core/fold_containers.hpp"

#include "core/fold_networks.hpp"
#include "core/namespace_members.hpp"
#include "core/signals.hpp"

#include <algorithm>
#include <utility>

namespace bgplb::core {

namespace {

bool hasCarrier(const Facts& facts, const Container& container) {
  return std::all_of(container.attached.begin(), container.attached.end(), [&](const auto& entry) {
    const auto endpoint = facts.endpoints.find(entry.second);
    return endpoint == facts.endpoints.end() || endpoint->second.carrier;
  });
}

// Only an inspection shows that a container has no health check. A `healthy` event needs no
// inspection.
bool isWell(const Facts& facts, const Container& container) {
  if (container.run != RunState::Running || !hasCarrier(facts, container)) return false;
  return container.health == Health::Healthy ||
         (container.health == Health::None && container.asked);
}

// Changes a container, and records in its failure history whether it became well or failed.
template <typename Change>
void trackHealthChange(Facts& facts, const ContainerId& id, Container& container, TimePoint now,
                       Change change) {
  const bool wasWell = isWell(facts, container);
  const bool wasAsked = container.asked;
  const bool wasStopped = container.run == RunState::Stopped;
  const bool endRequested = container.stoppingUntil || container.drain;
  change(container);
  if (container.drain && container.run != RunState::Stopped) {
    facts.draining.insert(id);
  } else {
    facts.draining.erase(id);
  }
  const bool isNowWell = isWell(facts, container);
  if (isNowWell && !wasWell) {
    const bool firstReport = container.asked && !wasAsked;
    becameWell(container.flapping, now, firstReport && !container.startSeen);
  } else if (wasWell && !isNowWell) {
    const bool crashed = container.run == RunState::Stopped && !endRequested;
    const bool lostCarrier = !endRequested && !hasCarrier(facts, container);
    const bool failed = crashed || lostCarrier || container.health == Health::Unhealthy;
    becameIll(container.flapping, failed, now);
  }
  if (container.run == RunState::Stopped && !wasStopped) {
    facts.endedFailures.store(container.service, id, container.flapping);
  }
}

// The container of an event. The event is counted, so that an older reply of dockerd cannot undo
// it. Before the first full list any container may be on a VIP network, so an unknown one is added.
std::map<ContainerId, Container>::iterator findAndCountEvent(Facts& facts, const ContainerId& id) {
  if (!facts.listed) facts.containers.try_emplace(id);
  const auto found = facts.containers.find(id);
  if (found != facts.containers.end()) found->second.changedIn = ++facts.revision;
  return found;
}

template <typename Change>
Touched changed(Facts& facts, const ContainerId& id, TimePoint now, Change change) {
  const auto found = findAndCountEvent(facts, id);
  if (found == facts.containers.end()) return {};
  trackHealthChange(facts, id, found->second, now, change);
  return networksOf(facts, id);
}

void endRun(Container& container) {
  // The user stopped the container, so the failures of earlier runs do not count for the next one.
  // An unhealthy container is stopped by Swarm or another supervisor to be replaced.
  const bool stopped = container.stoppingUntil || container.drain;
  if (stopped && container.health != Health::Unhealthy) container.flapping = {};
  container.run = RunState::Stopped;
  container.stoppingUntil.reset();
}

void takeReport(Container& container, const ContainerReport& report) {
  // Empty: the start event was received, so all later events belong to this run.
  const bool anotherRun = !container.startedAt.empty() && container.startedAt != report.startedAt;
  if (report.run == RunState::Running && anotherRun) {
    container.drain.reset();
    container.stoppingUntil.reset();
    container.lostMember.clear();
  }
  // After a restart of dockerd with live-restore, every health check begins again at `starting`. A
  // container that was healthy in this run is still considered healthy.
  const bool sameRun = container.startedAt == report.startedAt && container.asked;
  // A container whose check cannot run keeps the result of the last check, too.
  const bool unknown = report.health == Health::Starting ||
                       (report.health == Health::Unhealthy && !report.checkProblem.empty());
  const bool forgotten = sameRun && unknown && container.health == Health::Healthy;
  container.run = report.run;
  if (!forgotten) container.health = report.health;
  container.stopSignal = report.stopSignal;
  container.stopTimeout = report.stopTimeout;
  container.startedAt = report.startedAt;
  container.ipv6Disabled = report.ipv6Disabled;
  container.reversePathFilter = report.reversePathFilter;
  container.ports = report.ports;
  container.server = report.server;
  container.asked = true;
  container.missed = false;
}

// The container's entry in a list requested at this revision may name an endpoint that has been
// removed.
bool isListOutdated(const Container& container, Revision requested) {
  return container.run == RunState::Stopped || container.detachedIn > requested;
}

// It is on a VIP network, or shares the network namespace of a container that is.
bool isOfVip(const Container& container) {
  return !container.attached.empty() || container.holder.has_value();
}

// The service and one of its VIP networks: the same name on another network is another service.
std::string serviceOn(const Facts& facts, const ContainerReport& report) {
  std::set<NetworkId> networks;
  for (const auto& attachment : report.attachments) {
    if (facts.networks.contains(attachment.network)) networks.insert(attachment.network);
  }
  if (report.service.empty() || networks.empty()) return {};
  return report.service + " " + networks.begin()->value;
}

void unlinkEndpoints(Facts& facts, const ContainerId& id) {
  for (const auto& network : networksOf(facts, id)) {
    for (const auto& endpoint : facts.networks[network].endpoints) {
      auto& known = facts.endpoints[endpoint];
      if (known.container == id) known.container.reset();
    }
  }
}

void forgetContainer(Facts& facts, const ContainerId& id) {
  leaveNamespace(facts, id);
  unlinkEndpoints(facts, id);
  facts.containers.erase(id);
  facts.draining.erase(id);
}

}  // namespace

Touched containerReported(Facts& facts, const ContainerReport& report, TimePoint now) {
  auto& container = facts.containers[report.id];
  container.name = report.name;
  auto former = facts.formerDrains.extract(report.id);
  const bool sameRun = former && former.mapped().startedAt == report.startedAt;
  container.service = serviceOn(facts, report);
  if (report.run != RunState::Stopped) {
    container.flapping = facts.endedFailures.take(container.service, report.id, container.flapping);
  }
  trackHealthChange(facts, report.id, container, now, [&](Container& known) {
    takeReport(known, report);
    if (sameRun && !known.drain) known.drain = former.mapped().drain;
  });
  Touched touched = attach(facts, report.id, report.attachments);
  touched.merge(setNamespace(facts, report.id, report.namespaceOf));
  // Forget a container on no VIP network, and its drain with it. Before the first lists the VIP
  // networks are not known.
  if (facts.listed && !isOfVip(container) && report.run != RunState::Stopped) {
    forgetContainer(facts, report.id);
  }
  return touched;
}

Touched containersListed(Facts& facts, const std::vector<ListedContainer>& running,
                         Revision requested, TimePoint now) {
  Touched touched;
  std::map<ContainerId, bool> listed;  // value: the container is on a VIP network
  for (const auto& container : running) {
    const bool ours = std::any_of(
        container.attachments.begin(), container.attachments.end(),
        [&facts](const auto& attachment) { return facts.networks.contains(attachment.network); });
    listed[container.id] = ours;
    const auto known = facts.containers.find(container.id);
    const bool isNew = known == facts.containers.end();
    if (!ours || (!isNew && isListOutdated(known->second, requested))) continue;
    facts.containers[container.id].name = container.name;
    touched.merge(attachListed(facts, container.id, container.attachments));
  }
  for (const auto& container : running) {  // after their holders
    if (!findHolder(facts, container.namespaceOf)) continue;
    listed[container.id] = true;
    const auto known = facts.containers.find(container.id);
    if (known != facts.containers.end() && isListOutdated(known->second, requested)) continue;
    facts.containers[container.id].name = container.name;
    touched.merge(setNamespace(facts, container.id, container.namespaceOf));
  }
  std::set<ContainerId> forgotten;
  for (auto& [id, container] : facts.containers) {
    if (container.changedIn > requested) continue;
    const auto found = listed.find(id);
    if (found != listed.end()) {
      container.missed = false;
      const bool ours = found->second || isOfVip(container);
      if (!ours && container.run != RunState::Stopped) forgotten.insert(id);
    } else if (container.run != RunState::Stopped) {
      touched.merge(networksOf(facts, id));
      trackHealthChange(facts, id, container, now, endRun);
      container.missed = true;
    } else if (std::exchange(container.missed, true) && !isServingMember(facts, id)) {
      forgotten.insert(id);
    }
  }
  for (const auto& id : forgotten) {
    touched.merge(networksOf(facts, id));
    forgetContainer(facts, id);
  }
  std::erase_if(facts.formerDrains,
                [&listed](const auto& entry) { return !listed.contains(entry.first); });
  facts.endedFailures.forgetOld(now);
  facts.listed = true;
  return touched;
}

void firstRoundEnded(Facts& facts) { facts.firstRoundOver = true; }

Touched containerStarted(Facts& facts, const ContainerId& id, TimePoint now) {
  facts.containers.try_emplace(id);
  return changed(facts, id, now, [](Container& container) {
    container.run = RunState::Running;
    container.health = Health::Starting;
    container.asked = false;
    container.startSeen = true;
    container.missed = false;
    container.startedAt.clear();
    container.drain.reset();
    container.stoppingUntil.reset();
    container.lostMember.clear();
  });
}

Touched containerDied(Facts& facts, const ContainerId& id, TimePoint now) {
  return changed(facts, id, now, endRun);
}

// The container stays in the facts as a stopped one until the next list: a list requested before
// the event may still contain it.
Touched containerDestroyed(Facts& facts, const ContainerId& id) {
  const auto found = facts.containers.find(id);
  if (found == facts.containers.end()) return {};
  Touched touched = changed(facts, id, TimePoint{}, endRun);
  leaveNamespace(facts, id);
  unlinkEndpoints(facts, id);
  found->second.attached.clear();
  found->second.missed = true;
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

Touched endpointCarrier(Facts& facts, const EndpointId& id, bool present, TimePoint now) {
  const auto found = facts.endpoints.find(id);
  if (found == facts.endpoints.end()) return {};
  auto& endpoint = found->second;
  // After Leave, dockerd removes the interface, which is not a failure.
  if (endpoint.carrier == present || endpoint.link != LinkState::Joined) return {};
  const auto container =
      endpoint.container ? facts.containers.find(*endpoint.container) : facts.containers.end();
  if (container == facts.containers.end()) {
    endpoint.carrier = present;
  } else {
    trackHealthChange(facts, container->first, container->second, now,
                      [&](Container&) { endpoint.carrier = present; });
  }
  return {endpoint.network};
}

void containerRenamed(Facts& facts, const ContainerId& id, std::string name) {
  const auto found = facts.containers.find(id);
  if (found != facts.containers.end()) found->second.name = std::move(name);
}

Touched containerSignalled(Facts& facts, const ContainerId& id, int signal, const Policy& policy,
                           TimePoint now) {
  return changed(facts, id, now, [&](Container& container) {
    if (signal == kSigUsr2 && policy.drainOnSigusr2) {
      if (container.drain) return;  // a second SIGUSR2 does not begin the drain again
      container.drain =
          Drain{.terminateAt = now + policy.drainDelay, .terminate = policy.terminateDrained};
    } else if (isStopRequest(signal, container)) {
      container.stoppingUntil = now + container.stopTimeout;
    }
  });
}

bool containerAttachmentsChanged(Facts& facts, const ContainerId& id, const NetworkId& network,
                                 bool connected) {
  if (id.empty()) return false;
  if (connected && facts.networks.contains(network)) facts.containers.try_emplace(id);
  const auto found = findAndCountEvent(facts, id);
  if (found == facts.containers.end()) return false;
  if (!connected) found->second.detachedIn = facts.revision;
  return true;
}

bool isConfirmedBackend(const Facts& facts, const ContainerId& id) {
  const auto found = facts.containers.find(id);
  if (found == facts.containers.end() || !found->second.asked) return false;
  return !found->second.attached.empty() || isServingMember(facts, id);
}

void formerDrainsRead(Facts& facts, std::map<ContainerId, FormerDrain> drains) {
  facts.formerDrains = std::move(drains);
}

void drainTerminated(Facts& facts, const ContainerId& id) {
  const auto found = facts.containers.find(id);
  if (found == facts.containers.end() || !found->second.drain) return;
  found->second.drain->terminated = true;
}

}  // namespace bgplb::core
