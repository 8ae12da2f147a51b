#pragma once
// Which backends keep their UDP flows. A flow from one source port never ends, so a backend that is
// not ready would receive it for ever. TCP connections are not affected. Pure; called by
// desiredNetwork().

#include "core/facts.hpp"
#include "core/policy.hpp"
#include "core/readiness.hpp"

#include <map>
#include <optional>
#include <set>

namespace bgplb::core {

enum class UdpFlows {
  Stay,     // until the given time: it drains or has received its stop signal, and still answers
  Leave,    // it gets no new connections, and may not answer
  Unknown,  // dockerd has not reported its container yet
};

// Of a backend that is not ready. `state`: its readiness.
UdpFlows udpFlows(const Facts& facts, const Endpoint& endpoint, Readiness state,
                  const Policy& policy, TimePoint now);

// When the UDP flows of a container that drains or stops leave: DRAIN_DELAY after the signal. None:
// it neither drains nor stops.
std::optional<TimePoint> udpFlowsLeaveAt(const Container& container, const Policy& policy);

// Adds to `desired.released` the backends of `vip` whose UDP flows go to the `serving` ones.
// Without a serving backend, nothing changes.
void releaseUdpFlows(KernelNetwork& desired, const Prefix& vip,
                     const std::map<EndpointId, Slot>& slots, const std::set<EndpointId>& serving,
                     const std::map<EndpointId, UdpFlows>& others, const KernelNetwork& observed);

}  // namespace bgplb::core
