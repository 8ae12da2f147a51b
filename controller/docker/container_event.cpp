#include "docker/container_event.hpp"

namespace bgplb::docker {

core::Touched foldContainerEvent(core::Facts& facts, const core::Policy& policy,
                                 const EngineEvent& event, core::TimePoint now) {
  using core::Health;
  const ContainerId id(event.id);
  const std::string& action = event.action;
  if (action == "start") return core::containerStarted(facts, id, now);
  if (action == "die") return core::containerDied(facts, id, now);
  if (action == "destroy") return core::containerDestroyed(facts, id);
  if (action == "pause") return core::containerPaused(facts, id, true, now);
  if (action == "unpause") return core::containerPaused(facts, id, false, now);
  if (action == "health_status: healthy") {
    return core::containerHealth(facts, id, Health::Healthy, now);
  }
  if (action == "health_status: unhealthy") {
    return core::containerHealth(facts, id, Health::Unhealthy, now);
  }
  if (action == "kill") {
    const int signal = parseSignal(event.attribute("signal"));
    return core::containerSignalled(facts, id, signal, policy, now);
  }
  if (action == "rename") core::containerRenamed(facts, id, event.attribute("name"));
  return {};
}

}  // namespace bgplb::docker
