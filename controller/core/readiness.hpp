#pragma once
// May this backend take traffic? The answer is a value: logs, `bgplb status` and tests use its
// word.

#include "core/facts.hpp"
#include "core/policy.hpp"

#include <string_view>

namespace bgplb::core {

enum class Readiness {
  Ready,
  NotJoined,  // Join has not been called yet, or Leave has been
  NoLink,     // its veth pair does not exist: no packet can reach it
  NotAsked,   // dockerd has not answered yet which container it is, or how it does
  HeldDown,   // failed again and again: stays away for a while (HOLD_DOWN)
  Rising,     // not well for long enough (RISE_TIME)
  Starting,   // its health check has not passed yet
  Unhealthy,
  Paused,
  Stopping,  // it got SIGKILL or its own stop signal
  Drained,   // SIGUSR2
  Stopped,
};

std::string_view word(Readiness readiness);

// `linkThere`: the host end of the endpoint's veth pair exists.
Readiness readiness(const Facts& facts, const EndpointId& endpoint, bool linkThere,
                    const Policy& policy, TimePoint now);

// The backend ran before this program started, and dockerd has not answered for its container yet:
// a former controller may have announced it, and nothing says that it should not be any more.
bool isUndecided(const Facts& facts, const EndpointId& endpoint, const Policy& policy,
                 TimePoint now);

}  // namespace bgplb::core
