#pragma once
// Computes BIRD's peers from the settings and the host's addresses and routes. app.cpp calls it at
// start and whenever an address or a route of the host changes.

#include "core/host_needs.hpp"
#include "core/routing_config.hpp"
#include "reconcile/ports.hpp"
#include "settings/settings.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace bgplb {

struct Peering {
  std::vector<core::Peer> peers;  // in the order of the settings
  // Problems that prevent a session or an announcement, one sentence each.
  std::vector<std::string> notes;
  std::set<std::string> links;  // names of the links over which the peers are reached
  core::HostNeeds needs;
};

// Completes each peer of the settings with hops, source and next hops that the settings do not
// specify. `previous` is the last result: a peer without a route keeps its previous hops and next
// hops, because an interface that is down for a second must not change, and so restart, its
// session. A route through a VIP network's bridge does not lead to the peer.
Peering peersFor(const settings::Settings& settings, reconcile::HostNetwork& host,
                 const Peering& previous);

core::RoutingConfig routingConfig(const settings::Settings& settings,
                                  std::vector<core::Peer> peers);

// The port on which the BIRD of the first instance listens if ROUTER_PORT is -1; the next instances
// have the next ports. BIRD always listens on a port, and port 179 is left to other programs.
inline constexpr std::uint16_t kUnusedPort = 17900;

}  // namespace bgplb
