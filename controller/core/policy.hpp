#pragma once
// The operator's decisions about backends and drains, as one value that may change while the
// program runs (Reconciler::setPolicy). Conclusions take it as a parameter; the facts never depend
// on it.

#include "core/flapping.hpp"

#include <chrono>

namespace bgplb::core {

struct Policy {
  FlapPolicy flap;                             // RISE_TIME, HOLD_DOWN
  std::chrono::milliseconds drainGrace{1000};  // DRAIN_GRACE: the host route after the withdrawal
  std::chrono::milliseconds drainDelay{5000};  // DRAIN_DELAY: from SIGUSR2 to SIGTERM
  bool drainOnSigusr2 = false;                 // SIGUSR2_HANDLER
  bool terminateDrained = true;                // SIGUSR2_ACTION=stop
};

}  // namespace bgplb::core
