#pragma once
// Changes to the facts about networks, bridges and endpoints, by dockerd's plugin calls, answers
// and events.
//
// Each function takes one thing that dockerd reported and returns the VIP networks that may be
// concerned; it never fails, because what Docker reports has happened. Unknown ids are created on
// the way: dockerd replays no CreateNetwork after a restart.

#include "core/reports.hpp"

namespace bgplb::core {

// --- the plugin calls -------------------------------------------------------------------------
Touched networkCreated(Facts& facts, const NetworkId& id, std::optional<Prefix> vip4,
                       std::optional<Prefix> vip6, const NetworkOptions& options = {});
Touched networkDeleted(Facts& facts, const NetworkId& id);
// CreateEndpoint carries the addresses, so a network whose CreateNetwork nobody saw can be
// reconstructed.
Touched endpointCreated(Facts& facts, const NetworkId& network, const EndpointId& id,
                        std::optional<Address> address4, std::optional<Address> address6,
                        std::optional<MacAddress> mac);
Touched endpointLink(Facts& facts, const EndpointId& id, LinkState state);
// Leave. Before the first lists it may be about an endpoint that is not known yet.
Touched endpointLeft(Facts& facts, const NetworkId& network, const EndpointId& id);
Touched endpointDeleted(Facts& facts, const EndpointId& id);

// --- dockerd's answers ------------------------------------------------------------------------
// `requested`: the facts' revision when the answer was requested. What changed since is left alone.
//
// `ours`: the network was made with this plugin as its driver. A cluster-wide one is on this host
// only if a call of dockerd's or a container here says so: nothing is made for one that is not.
Touched networkReported(Facts& facts, const NetworkReport& report, bool ours, Revision requested);
// A full list: bridges that it does not hold do not exist. `inUse`: those that containers are on.
Touched networksReported(Facts& facts, const std::vector<NetworkReport>& all,
                         const std::set<NetworkId>& ours, const std::set<NetworkId>& inUse,
                         Revision requested);
// An event or a call has changed the network since.
bool changedSince(const Facts& facts, const NetworkId& id, Revision requested);
// Removed networks are remembered only while an answer that was requested before may arrive.
void forgetRemovedNetworks(Facts& facts, Revision requested);

// --- events -----------------------------------------------------------------------------------
// Created, or changed by Swarm; the network must be inspected next.
void networkChanged(Facts& facts, const NetworkId& id);
void bridgeDestroyed(Facts& facts, const NetworkId& id);

// --- for fold_containers.hpp ------------------------------------------------------------------
// Where dockerd says that a container is attached. Returns the networks whose backends changed.
Touched attach(Facts& facts, const ContainerId& id, const std::vector<Attachment>& attachments);
// As attach(), but attachments that are known stay as they are: an inspection is newer than a list.
Touched attachListed(Facts& facts, const ContainerId& id,
                     const std::vector<Attachment>& attachments);
// The VIP networks that the container is on.
Touched networksOf(const Facts& facts, const ContainerId& id);

}  // namespace bgplb::core
