#include "core/udp_flows.hpp"

#include <algorithm>

namespace bgplb::core {

std::optional<TimePoint> udpFlowsLeaveAt(const Container& container, const Policy& policy) {
  if (container.drain) return container.drain->terminateAt;
  if (!container.stoppingUntil) return std::nullopt;
  const TimePoint asked = *container.stoppingUntil - container.stopTimeout;
  return std::min(*container.stoppingUntil, asked + policy.drainDelay);
}

UdpFlows udpFlows(const Facts& facts, const Endpoint& endpoint, Readiness state,
                  const Policy& policy, TimePoint now) {
  if (state == Readiness::NotAsked) return UdpFlows::Unknown;
  if (state != Readiness::Drained && state != Readiness::Stopping) return UdpFlows::Leave;
  const auto& container = facts.containers.at(decidingContainer(facts, endpoint, policy, now));
  if (container.run == RunState::Paused || container.health == Health::Unhealthy) {
    return UdpFlows::Leave;
  }
  const auto leaveAt = udpFlowsLeaveAt(container, policy);
  return leaveAt && now < *leaveAt ? UdpFlows::Stay : UdpFlows::Leave;
}

void releaseUdpFlows(KernelNetwork& desired, const Prefix& vip,
                     const std::map<EndpointId, Slot>& slots, const std::set<EndpointId>& serving,
                     const std::map<EndpointId, UdpFlows>& others, const KernelNetwork& observed) {
  for (const auto& [id, slot] : slots) {
    if (serving.contains(id)) continue;
    const PinnedRoute route{vip, nextHop(vip.family(), slot)};
    const bool released = observed.released.contains(route);
    const auto other = others.find(id);
    // A ready backend that is not in `others` cannot answer over this family.
    const UdpFlows flows = other == others.end() ? UdpFlows::Leave : other->second;
    // No request to the kernel before a withdrawal.
    const bool leave = serving.empty()              ? released
                       : flows == UdpFlows::Unknown ? released || !observed.pinned.contains(route)
                                                    : flows == UdpFlows::Leave;
    if (leave) desired.released.insert(route);
  }
}

}  // namespace bgplb::core
