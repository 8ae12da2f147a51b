#pragma once
// Changes the facts about networks, bridges and endpoints, from dockerd's plugin calls, replies and
// events, and from the kernel's replies. Called by the plugin API, the dialogue with dockerd and
// the garbage collection.
//
// Each function takes one report of dockerd and returns the VIP networks that it may affect. No
// function fails, because a reported change has already happened. Unknown ids are added: dockerd
// does not repeat CreateNetwork after a restart.

#include "core/reports.hpp"

namespace bgplb::core {

// --- the plugin calls -------------------------------------------------------------------------
Touched networkCreated(Facts& facts, const NetworkId& id, std::optional<Prefix> vip4,
                       std::optional<Prefix> vip6, const NetworkOptions& options = {});
Touched networkDeleted(Facts& facts, const NetworkId& id);
// CreateEndpoint carries the addresses, so a network whose CreateNetwork call was not received can
// be reconstructed.
Touched endpointCreated(Facts& facts, const NetworkId& network, const EndpointId& id,
                        std::optional<Address> address4, std::optional<Address> address6,
                        std::optional<MacAddress> mac);
Touched endpointLink(Facts& facts, const EndpointId& id, LinkState state);
// Leave. Before the first lists the endpoint may be unknown; it is added then.
Touched endpointLeft(Facts& facts, const NetworkId& network, const EndpointId& id);
Touched endpointDeleted(Facts& facts, const EndpointId& id);

// --- the kernel's replies ---------------------------------------------------------------------
// rp_filter of the container's end.
void endpointReversePathFilter(Facts& facts, const EndpointId& id, unsigned mode);

// --- dockerd's replies ------------------------------------------------------------------------
// `requested`: the facts' revision when the reply was requested. A reply does not change objects
// that have changed since.
//
// `ours`: this plugin is the network's driver. A cluster-wide network exists on this host only if a
// plugin call or a container here refers to it; otherwise the report is ignored.
Touched networkReported(Facts& facts, const NetworkReport& report, bool ours, Revision requested);
// A full list: bridges that it does not contain do not exist. `inUse`: the networks of the
// containers.
Touched networksReported(Facts& facts, const std::vector<NetworkReport>& all,
                         const std::set<NetworkId>& ours, const std::set<NetworkId>& inUse,
                         Revision requested);
// This plugin's own name is not known, so any network may be its own.
void forgetOtherNetworks(Facts& facts);
// An event or a plugin call has changed the network after `requested`.
bool changedSince(const Facts& facts, const NetworkId& id, Revision requested);
// Drops the revisions of removed networks, once no reply requested before the removal can arrive.
void forgetRemovedNetworks(Facts& facts, Revision requested);

// --- events -----------------------------------------------------------------------------------
// The network was created, or Swarm changed it; it must be inspected next.
void networkChanged(Facts& facts, const NetworkId& id);
Touched bridgeDestroyed(Facts& facts, const NetworkId& id);
void otherNetworkDestroyed(Facts& facts, const NetworkId& id);

// --- for fold_containers.hpp ------------------------------------------------------------------
// The container's attachments by GET /containers/{id}/json. Returns the networks whose backends
// changed.
Touched attach(Facts& facts, const ContainerId& id, const std::vector<Attachment>& attachments);
// Like attach(), but for a list: known attachments stay, because an inspection is newer than a
// list.
Touched attachListed(Facts& facts, const ContainerId& id,
                     const std::vector<Attachment>& attachments);
// The VIP networks that the container is on.
Touched networksOf(const Facts& facts, const ContainerId& id);

}  // namespace bgplb::core
