#pragma once
// The operator's settings for backends, drains and prefixes, as one value that may change while the
// program runs (Reconciler::setPolicy). Functions that evaluate the facts take it as a parameter.
// Only one function that changes the facts takes it: containerSignalled().

#include "base/address.hpp"
#include "core/flapping.hpp"

#include <chrono>
#include <vector>

namespace bgplb::core {

struct Policy {
  FlapPolicy flap;                             // RISE_TIME, HOLD_DOWN
  std::chrono::milliseconds drainGrace{1000};  // DRAIN_GRACE: withdrawal to removal of the route
  std::chrono::milliseconds drainDelay{5000};  // DRAIN_DELAY: withdrawal to final signal
  bool drainOnSigusr2 = false;                 // SIGUSR2_HANDLER
  bool terminateDrained = true;                // SIGUSR2_ACTION=stop
  bool hashPorts = true;                       // MULTIPATH_HASH=ports
  // ALLOWED_PREFIXES: VIPs and gateway subnets must lie inside one of them; empty: no limit.
  std::vector<Prefix> allowedPrefixes;
};

}  // namespace bgplb::core
