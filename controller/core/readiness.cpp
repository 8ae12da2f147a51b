#include "core/readiness.hpp"

namespace bgplb::core {

namespace {

Readiness flapReadiness(const Flapping& flapping, const FlapPolicy& policy, TimePoint now) {
  if (now < heldUntil(flapping, policy)) return Readiness::HeldDown;
  return now < risenAt(flapping, policy) ? Readiness::Rising : Readiness::Ready;
}

Readiness containerReadiness(const Container& container, const FlapPolicy& policy, TimePoint now) {
  if (container.run == RunState::Stopped) return Readiness::Stopped;
  if (container.drain) return Readiness::Drained;
  if (container.stoppingUntil && now < *container.stoppingUntil) return Readiness::Stopping;
  if (container.run == RunState::Paused) return Readiness::Paused;
  switch (container.health) {
    case Health::None:
      return container.asked ? flapReadiness(container.flapping, policy, now) : Readiness::NotAsked;
    case Health::Healthy: return flapReadiness(container.flapping, policy, now);
    case Health::Starting: return container.asked ? Readiness::Starting : Readiness::NotAsked;
    case Health::Unhealthy: return Readiness::Unhealthy;
  }
  return Readiness::NotAsked;
}

}  // namespace

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

Readiness readiness(const Facts& facts, const EndpointId& id, const Reachability& reachability,
                    const Policy& policy, TimePoint now) {
  const auto endpoint = facts.endpoints.find(id);
  if (endpoint == facts.endpoints.end() || endpoint->second.link != LinkState::Joined) {
    return Readiness::NotJoined;
  }
  if (!endpoint->second.container) return Readiness::NotAsked;
  const auto container = facts.containers.find(*endpoint->second.container);
  if (container == facts.containers.end()) return Readiness::NotAsked;
  const Readiness result = containerReadiness(container->second, policy.flap, now);
  if (result != Readiness::Ready) return result;
  if (!reachability.link || !endpoint->second.carrier) return Readiness::NoLink;
  return reachability.slot ? Readiness::Ready : Readiness::NoSlot;
}

bool isUndecided(const Facts& facts, const EndpointId& id, const Policy& policy, TimePoint now) {
  if (readiness(facts, id, {}, policy, now) != Readiness::NotAsked) return false;
  const auto& container = facts.endpoints.at(id).container;
  const auto known = container ? facts.containers.find(*container) : facts.containers.end();
  if (known == facts.containers.end() || known->second.startSeen) return false;
  return !facts.formerDrains.contains(*container);
}

}  // namespace bgplb::core
