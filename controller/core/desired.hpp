#pragma once
// Derives the desired state from the facts. For one VIP network: its kernel objects, and whether
// its VIPs are announced. For the host: the bridges that carry replies. Pure; called by the
// reconciler.

#include "core/facts.hpp"
#include "core/readiness.hpp"
#include "core/route_attributes.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>

namespace bgplb::core {

// The state of a network's announcement, which the reconciler keeps between two steps.
struct RouteHold {
  std::set<Prefix> announced;               // the VIPs that BIRD announces or may still announce
  std::map<Prefix, TimePoint> withdrawnAt;  // when BIRD's announcement of a VIP ended
  // The VIPs that this host must neither route nor announce (vip_rules.hpp), with the reason.
  std::map<Prefix, std::string> refused;
};

struct DesiredNetwork {
  KernelNetwork kernel;
  // The attributes of the VIP of each family; no entry: the VIP is not announced.
  std::map<Family, RouteAttributes> announce;
  // The backends that get new connections over a family: the ready ones that can answer, and those
  // that a previous controller announced and dockerd has not reported yet.
  std::map<Family, std::set<EndpointId>> serving;
  // Why no ready backend serves a family, as a sentence without a full stop (core/answering.hpp).
  std::map<Family, std::string> unanswered;
  std::set<EndpointId> withoutSlot;       // with a veth pair, but without a next hop
  std::optional<TimePoint> reevaluateAt;  // when the result changes without a change of the facts
};

// The host route stays while the VIP is announced. After the withdrawal it stays for DRAIN_GRACE if
// a container still runs behind the VIP: packets that the router sends before it has processed the
// withdrawal are not lost. The host route of a refused VIP is removed as soon as the VIP is
// withdrawn. `observed`: the kernel objects on the network's bridge. `existingVeths`: the existing
// host ends of the network's endpoints, whether or not they are ports of the bridge. `ipv6`: the
// kernel has IPv6; otherwise the network's IPv6 VIP is not routed.
DesiredNetwork desiredNetwork(const Facts& facts, const NetworkId& id,
                              const KernelNetwork& observed,
                              const std::set<std::string>& existingVeths, const RouteHold& hold,
                              const Policy& policy, TimePoint now, bool ipv6 = true);

// The Docker bridges over which containers reply from a VIP. Reverse path filtering must be loose
// there, because the VIP, the source address of the replies, is routed to another link.
std::set<std::string> replyBridges(const Facts& facts);
// The reply bridges of one container.
std::set<std::string> replyBridges(const Facts& facts, const ContainerId& id);

}  // namespace bgplb::core
