#pragma once
// Computes BIRD's peers from the settings and the host's addresses and routes. app.cpp calls it at
// start and whenever an address or a route of the host changes.

#include "core/facts.hpp"
#include "core/host_needs.hpp"
#include "core/routing_config.hpp"
#include "reconcile/ports.hpp"
#include "settings/settings.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace bgplb {

struct Peering {
  std::vector<core::Peer> peers;  // in the order of the settings
  // Problems that prevent a session, or contradict a setting, one sentence each.
  std::vector<std::string> notes;
  // Why peers receive no route of a family, one sentence each. No problem on a host without a VIP
  // of that family, such as a host with IPv4 only.
  std::map<Family, std::vector<std::string>> withheld;
  std::set<std::string> links;  // names of the links over which the peers are reached
  core::HostNeeds needs;
};

// Completes each peer of the settings with hops, source and next hops that the settings do not
// specify. `previous` is the last result: a peer without a route keeps its previous hops and next
// hops, so that an interface that is down for a second does not restart the session. A route
// through a VIP network's bridge does not lead to the peer. A peer with an address of this host is
// a routing daemon here (docs/decisions/0028-a-routing-daemon-on-the-host.md).
Peering peersFor(const settings::Settings& settings, reconcile::HostNetwork& host,
                 const Peering& previous);

// The families of the VIPs on this host.
struct VipFamilies {
  bool ipv4 = false;
  bool ipv6 = false;
  friend bool operator==(const VipFamilies&, const VipFamilies&) = default;
};
VipFamilies vipFamilies(const core::Facts& facts);

// The problems to report on a host with VIPs of these families.
std::set<std::string> problemsOf(const Peering& peering, const VipFamilies& vips);

core::RoutingConfig routingConfig(const settings::Settings& settings,
                                  std::vector<core::Peer> peers);

// The port on which the BIRD of the first instance listens if ROUTER_PORT is -1; the next instances
// have the next ports. BIRD always listens on a port, and port 179 is left to other programs.
inline constexpr std::uint16_t kUnusedPort = 17900;

}  // namespace bgplb
