#pragma once
// From facts to the desired state: for one VIP network its kernel objects and whether its VIPs are
// announced; for the host the gateway subnets to announce.

#include "core/facts.hpp"
#include "core/readiness.hpp"
#include "core/route_attributes.hpp"

#include <optional>
#include <set>

namespace bgplb::core {

// What the reconciler remembers of a network between two steps.
struct RouteHold {
  bool announced = false;                // BIRD has, or may still have, one of its VIPs
  std::optional<TimePoint> withdrawnAt;  // since when BIRD has none
};

struct DesiredNetwork {
  KernelNetwork kernel;
  std::optional<RouteAttributes> announce;  // of the VIPs; none: no backend serves
  // The backends that get new connections: those that are ready, and those that a former controller
  // announced and dockerd has not answered for yet.
  std::set<EndpointId> serving;
  std::optional<TimePoint> reevaluateAt;  // the result changes by itself then
};

// The host route stays while the VIP is announced, and for the drain grace after its withdrawal
// while a container still runs behind it, so that packets which the router sends before it has
// processed the withdrawal are not lost. `observed`: the kernel objects on the network's bridge;
// `existingVeths`: those host ends of the network's endpoints that exist, as a port of the bridge
// or not.
DesiredNetwork desiredNetwork(const Facts& facts, const NetworkId& id,
                              const KernelNetwork& observed,
                              const std::set<std::string>& existingVeths, const RouteHold& hold,
                              const Policy& policy, TimePoint now);

// The subnets of every gateway bridge (label bgplb_advertise=true).
std::set<Prefix> gatewaySubnets(const Facts& facts);

// The Docker bridges whose containers reply for a VIP: reverse path filtering must be loose there,
// since the VIP they send from is routed to another link.
std::set<std::string> replyBridges(const Facts& facts);
// Those of one container.
std::set<std::string> replyBridges(const Facts& facts, const ContainerId& id);

}  // namespace bgplb::core
