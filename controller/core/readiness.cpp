#include "core/readiness.hpp"

#include "core/namespace_members.hpp"

namespace bgplb::core {

namespace {

Readiness flapReadiness(const Flapping& flapping, const FlapPolicy& policy, TimePoint now) {
  if (now < heldUntil(flapping, policy)) return Readiness::HeldDown;
  return now < risenAt(flapping, policy) ? Readiness::Rising : Readiness::Ready;
}

}  // namespace

Readiness containerReadiness(const Container& container, const Policy& policy, TimePoint now) {
  const FlapPolicy& flap = policy.flap;
  if (container.run == RunState::Stopped) return Readiness::Stopped;
  if (container.drain) return Readiness::Drained;
  if (container.stoppingUntil && now < *container.stoppingUntil) return Readiness::Stopping;
  if (container.run == RunState::Paused) return Readiness::Paused;
  switch (container.health) {
    case Health::None:
      return container.asked ? flapReadiness(container.flapping, flap, now) : Readiness::NotAsked;
    case Health::Healthy: return flapReadiness(container.flapping, flap, now);
    case Health::Starting: return container.asked ? Readiness::Starting : Readiness::NotAsked;
    case Health::Unhealthy: return Readiness::Unhealthy;
  }
  return Readiness::NotAsked;
}

std::string_view word(Readiness readiness) {
  switch (readiness) {
    case Readiness::Ready: return "ready";
    case Readiness::NotJoined: return "not-joined";
    case Readiness::NoLink: return "no-link";
    case Readiness::NoSlot: return "no-slot";
    case Readiness::NotAsked: return "not-asked";
    case Readiness::HeldDown: return "held-down";
    case Readiness::Rising: return "rising";
    case Readiness::Starting: return "starting";
    case Readiness::Unhealthy: return "unhealthy";
    case Readiness::Paused: return "paused";
    case Readiness::Stopping: return "stopping";
    case Readiness::Drained: return "drained";
    case Readiness::Stopped: return "stopped";
  }
  return "unknown";
}

ContainerId decidingContainer(const Facts& facts, const Endpoint& endpoint, const Policy& policy,
                              TimePoint now) {
  if (!endpoint.container) return {};
  const auto own = facts.containers.find(*endpoint.container);
  if (own == facts.containers.end()) return {};
  const bool ready = containerReadiness(own->second, policy, now) == Readiness::Ready;
  if (!ready || !facts.members.contains(own->first)) return own->first;
  for (const auto& member : servingMembers(facts, own->first)) {
    if (containerReadiness(facts.containers.at(member), policy, now) != Readiness::Ready) {
      return member;
    }
  }
  return own->first;
}

Readiness readiness(const Facts& facts, const EndpointId& id, const Reachability& reachability,
                    const Policy& policy, TimePoint now) {
  const auto endpoint = facts.endpoints.find(id);
  if (endpoint == facts.endpoints.end() || endpoint->second.link != LinkState::Joined) {
    return Readiness::NotJoined;
  }
  const ContainerId deciding = decidingContainer(facts, endpoint->second, policy, now);
  if (deciding.empty()) return Readiness::NotAsked;
  const Readiness result = containerReadiness(facts.containers.at(deciding), policy, now);
  if (result != Readiness::Ready) return result;
  if (!lostMember(facts, *endpoint->second.container).empty()) return Readiness::Stopped;
  if (!reachability.link || !endpoint->second.carrier) return Readiness::NoLink;
  return reachability.slot ? Readiness::Ready : Readiness::NoSlot;
}

bool isUndecided(const Facts& facts, const EndpointId& id, const Policy& policy, TimePoint now) {
  if (readiness(facts, id, {}, policy, now) != Readiness::NotAsked) return false;
  const ContainerId deciding = decidingContainer(facts, facts.endpoints.at(id), policy, now);
  if (deciding.empty() || facts.containers.at(deciding).startSeen) return false;
  return !facts.formerDrains.contains(deciding);
}

}  // namespace bgplb::core
