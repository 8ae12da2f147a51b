#pragma once
// Derives the desired state from the facts. For one VIP network: its kernel objects, and whether
// its VIPs are announced. For the host: the gateway subnets to announce. Pure; called by the
// reconciler.

#include "core/facts.hpp"
#include "core/readiness.hpp"
#include "core/route_attributes.hpp"

#include <optional>
#include <set>

namespace bgplb::core {

// The state of a network's announcement, which the reconciler keeps between two steps.
struct RouteHold {
  bool announced = false;                // BIRD announces, or may still announce, one of the VIPs
  std::optional<TimePoint> withdrawnAt;  // when BIRD's last announcement of a VIP ended
};

struct DesiredNetwork {
  KernelNetwork kernel;
  std::optional<RouteAttributes> announce;  // of the VIPs; none: no announcement
  // The backends that get new connections: the ready ones, and those that a previous controller
  // announced and dockerd has not reported yet.
  std::set<EndpointId> serving;
  std::set<EndpointId> withoutSlot;       // with a veth pair, but without a next hop
  std::optional<TimePoint> reevaluateAt;  // when the result changes without a change of the facts
};

// The host route stays while the VIP is announced. After the withdrawal it stays for DRAIN_GRACE if
// a container still runs behind the VIP: packets that the router sends before it has processed the
// withdrawal are not lost. `observed`: the kernel objects on the network's bridge. `existingVeths`:
// the existing host ends of the network's endpoints, whether or not they are ports of the bridge.
DesiredNetwork desiredNetwork(const Facts& facts, const NetworkId& id,
                              const KernelNetwork& observed,
                              const std::set<std::string>& existingVeths, const RouteHold& hold,
                              const Policy& policy, TimePoint now);

// The subnets of every gateway bridge (label bgplb_advertise=true).
std::set<Prefix> gatewaySubnets(const Facts& facts);

// The Docker bridges over which containers reply from a VIP. Reverse path filtering must be loose
// there, because the VIP, the source address of the replies, is routed to another link.
std::set<std::string> replyBridges(const Facts& facts);
// The reply bridges of one container.
std::set<std::string> replyBridges(const Facts& facts, const ContainerId& id);

}  // namespace bgplb::core
