#pragma once
// May this backend take traffic? The answer is a value: logs, `bgplb status` and tests use its word.

#include "core/facts.hpp"

#include <string_view>

namespace bgplb::core {

enum class Readiness {
  Ready,
  NotJoined,   // dockerd has not asked for its link yet, or has let go of it
  NoLink,      // its veth pair is not there: no packet can reach it
  NotAsked,    // the engine has not said yet which container it is, or how it does
  HeldDown,    // failed again and again: stays away for a while (HOLD_DOWN)
  Rising,      // not well for long enough (RISE_TIME)
  Starting,    // its health check has not passed yet
  Unhealthy,
  Paused,
  Stopping,    // it got SIGKILL or its own stop signal
  Drained,     // SIGUSR2
  Stopped,
};

std::string_view word(Readiness readiness);

// `linkThere`: the host end of the endpoint's veth pair exists.
Readiness readiness(const Facts& facts, const EndpointId& endpoint, bool linkThere, TimePoint now);

}  // namespace bgplb::core
