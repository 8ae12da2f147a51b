#pragma once
// Changes to the facts about containers, by dockerd's answers and events.
//
// Each function takes one thing that dockerd reported and returns the VIP networks that may be
// concerned; it never fails, because what Docker reports has happened. Unknown ids are created on
// the way: dockerd replays no CreateNetwork after a restart.

#include "core/policy.hpp"
#include "core/reports.hpp"

namespace bgplb::core {

// --- dockerd's answers ------------------------------------------------------------------------
Touched containerReported(Facts& facts, const ContainerReport& report, TimePoint now);
// A full list of the containers that may have a process: the others are stopped, and forgotten if
// the next list does not hold them either. Containers on VIP networks that are not known yet become
// known.
Touched containersListed(Facts& facts, const std::vector<ListedContainer>& running,
                         Revision requested, TimePoint now);
// Dockerd had its time to answer for the listed containers, or something happened that cannot wait.
void firstRoundEnded(Facts& facts);

// --- events -----------------------------------------------------------------------------------
// The container must be inspected next.
Touched containerStarted(Facts& facts, const ContainerId& id, TimePoint now);
Touched containerDied(Facts& facts, const ContainerId& id, TimePoint now);
Touched containerDestroyed(Facts& facts, const ContainerId& id);
Touched containerPaused(Facts& facts, const ContainerId& id, bool paused, TimePoint now);
Touched containerHealth(Facts& facts, const ContainerId& id, Health health, TimePoint now);
void containerRenamed(Facts& facts, const ContainerId& id, std::string name);
// SIGUSR2 begins a drain if the policy has it. SIGKILL and the container's own stop signal withdraw
// until its stop timeout has passed.
Touched containerSignalled(Facts& facts, const ContainerId& id, int signal, const Policy& policy,
                           TimePoint now);
// Connected to a network, or disconnected from it; the container must be inspected for the
// endpoint. False: the event concerns no container that is, or may be, on a VIP network.
bool containerAttachmentsChanged(Facts& facts, const ContainerId& id, const NetworkId& network,
                                 bool connected);

// --- drains -----------------------------------------------------------------------------------
// Dockerd has reported, in this run of the container, that it is on a VIP network. No other
// container is ever sent a signal.
bool isConfirmedBackend(const Facts& facts, const ContainerId& id);
void formerDrainsRead(Facts& facts, std::map<ContainerId, FormerDrain> drains);
void drainTerminated(Facts& facts, const ContainerId& id);  // SIGTERM was delivered

}  // namespace bgplb::core
