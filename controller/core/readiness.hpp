#pragma once
// Whether a backend may get traffic, and if not, why. The log, `bgplb status` and tests use the
// value's name (word()).

#include "core/facts.hpp"
#include "core/policy.hpp"

#include <string_view>

namespace bgplb::core {

enum class Readiness {
  Ready,
  NotJoined,  // Join has not been called yet, or Leave has been called
  NoLink,     // its veth pair does not exist or has no carrier: no packet can reach it
  NoSlot,     // no next hop can be assigned to it: no packet can reach it
  NotAsked,   // dockerd has not reported its container, or the state of that container, yet
  HeldDown,   // failed repeatedly, and is held down (HOLD_DOWN)
  Rising,     // well, but RISE_TIME is not over
  Starting,   // its health check has not passed yet
  Unhealthy,
  Paused,
  Stopping,  // it received a signal to stop
  Drained,   // SIGUSR2
  Stopped,   // or a server of its network namespace was removed
};

std::string_view word(Readiness readiness);  // "ready", "not-joined", ...

// What a backend needs on the host so that packets reach it.
struct Reachability {
  bool link = true;  // the host end of its veth pair exists
  bool slot = true;  // it has one of the network's slots (core/backends.hpp)
};

// A backend is ready only if its container is, and the servers that share the container's network
// namespace are (core/namespace_members.hpp). The first one that is not; otherwise the backend's
// own. Empty: dockerd has not reported the backend's container yet.
ContainerId decidingContainer(const Facts& facts, const Endpoint& endpoint, const Policy& policy,
                              TimePoint now);

// Of one container, whatever its networks are.
Readiness containerReadiness(const Container& container, const Policy& policy, TimePoint now);

Readiness readiness(const Facts& facts, const EndpointId& endpoint,
                    const Reachability& reachability, const Policy& policy, TimePoint now);

// The backend ran before this program started, and dockerd has not reported its container yet. A
// previous controller may have announced the backend, and no report contradicts that.
bool isUndecided(const Facts& facts, const EndpointId& endpoint, const Policy& policy,
                 TimePoint now);

}  // namespace bgplb::core
