#pragma once
// Changes the facts about containers, from dockerd's replies and events. Called by the dialogue
// with dockerd and the drainer.
//
// Each function takes one report of dockerd and returns the VIP networks that it may affect. No
// function fails, because a reported change has already happened. Unknown ids are added: dockerd
// does not repeat CreateNetwork after a restart.

#include "core/policy.hpp"
#include "core/reports.hpp"

namespace bgplb::core {

// --- dockerd's replies ------------------------------------------------------------------------
Touched containerReported(Facts& facts, const ContainerReport& report, TimePoint now);
// A full list of the containers that may have a process. Unknown containers on VIP networks are
// added. Known containers that the list does not contain are stopped, and forgotten if the next
// list does not contain them either.
Touched containersListed(Facts& facts, const std::vector<ListedContainer>& running,
                         Revision requested, TimePoint now);
// Dockerd has answered for the listed containers, or the wait has timed out, or an event has
// arrived that must not wait.
void firstRoundEnded(Facts& facts);

// --- events -----------------------------------------------------------------------------------
// The container must be inspected next.
Touched containerStarted(Facts& facts, const ContainerId& id, TimePoint now);
Touched containerDied(Facts& facts, const ContainerId& id, TimePoint now);
Touched containerDestroyed(Facts& facts, const ContainerId& id);
Touched containerPaused(Facts& facts, const ContainerId& id, bool paused, TimePoint now);
Touched containerHealth(Facts& facts, const ContainerId& id, Health health, TimePoint now);
// The container set its interface on a VIP network down (`present` false) or up. Only a joined
// endpoint can lose its carrier. A loss counts as a failure of the container (core/flapping.hpp).
Touched endpointCarrier(Facts& facts, const EndpointId& id, bool present, TimePoint now);
void containerRenamed(Facts& facts, const ContainerId& id, std::string name);
// SIGUSR2 begins a drain if the policy enables it. After a request to stop (core/signals.hpp), the
// container is not ready until its stop timeout has passed.
Touched containerSignalled(Facts& facts, const ContainerId& id, int signal, const Policy& policy,
                           TimePoint now);
// The container was connected to a network or disconnected from it. True: inspect the container for
// its endpoint. False: the container is not on a VIP network.
bool containerAttachmentsChanged(Facts& facts, const ContainerId& id, const NetworkId& network,
                                 bool connected);

// --- drains -----------------------------------------------------------------------------------
// Dockerd has reported, in this run of the container, that the container is on a VIP network, or is
// a server in the network namespace of such a container. This program sends signals only to these.
bool isConfirmedBackend(const Facts& facts, const ContainerId& id);
void formerDrainsRead(Facts& facts, std::map<ContainerId, FormerDrain> drains);
void drainTerminated(Facts& facts, const ContainerId& id);  // SIGTERM was delivered

}  // namespace bgplb::core
