#pragma once
// From the settings and the host's addresses and routes to BIRD's peers. app.cpp calls it at start
// and whenever an address or a route of the host changes.

#include "core/routing_config.hpp"
#include "reconcile/ports.hpp"
#include "settings/settings.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace bgplb {

struct Peering {
  std::vector<core::Peer> peers;  // in the order of the settings
  std::vector<std::string>
      notes;  // what keeps a session or an announcement from working, a sentence each
};

// Completes each peer of the settings: hops, source and next hops, unless the settings give them.
// `previous` is the last result: a peer to which the kernel has no route at the moment keeps what
// it had, because an interface that is down for a second must not change (and so restart) a
// session.
Peering peersFor(const settings::Settings& settings, reconcile::HostNetwork& host,
                 const std::vector<core::Peer>& previous);

core::RoutingConfig routingConfig(const settings::Settings& settings,
                                  std::vector<core::Peer> peers);

// The port BIRD listens on when ROUTER_PORT is -1: BIRD always listens somewhere, and 179 is left
// to other programs.
inline constexpr std::uint16_t kUnusedPort = 17900;

}  // namespace bgplb
