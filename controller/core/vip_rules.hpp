#pragma once
// The rules that keep a VIP or a gateway subnet from taking over the traffic of an address in use:
// which addresses may be VIPs on this host, and which subnets of Docker bridges may be announced.
// docker/plugin_api applies them to new networks, the reconciler to all known networks, because a
// network may come from dockerd's lists, and because a bridge network, an address or a route of the
// host may appear later.

#include "core/facts.hpp"
#include "core/host_needs.hpp"
#include "core/policy.hpp"

#include <map>
#include <set>
#include <string>

namespace bgplb::core {

// The largest gateway subnets. A larger one would attract traffic of other networks.
inline constexpr unsigned kShortestGateway4 = 8;   // bits
inline constexpr unsigned kShortestGateway6 = 16;  // bits

// Whether this host may route `vip` to a container. Each error is one sentence.
// Invalid: other hosts cannot send to the address, or it is outside of ALLOWED_PREFIXES.
// Conflict: the host needs the address, or it is inside the subnet of a Docker bridge network.
Result<void> checkVip(const Facts& facts, const HostNeeds& needs, const Policy& policy,
                      const Prefix& vip);

// Conflict: a network other than `id` has `vip`.
Result<void> checkHolder(const Facts& facts, const NetworkId& id, const Prefix& vip);

// Conflict: a network of another plugin, not `id`, has `vip`. Two instances with one VIP would each
// deliver to their own containers, and only the first has the host route.
Result<void> checkOtherNetworks(const Facts& facts, const NetworkId& id, const Prefix& vip);

// A VIP inside a connected subnet is allowed with a warning (the return value): hosts of that
// subnet resolve it by ARP or NDP and get no reply. Empty: no warning.
std::string connectedWarning(const HostNeeds& needs, const Prefix& vip);

// The subnets of the gateway bridges (label bgplb_advertise=true).
struct GatewaySubnets {
  std::map<Prefix, NetworkId> announced;  // with the network that the announcement belongs to
  std::map<std::pair<NetworkId, Prefix>, std::string> refused;  // one sentence each
};
GatewaySubnets gatewaySubnets(const Facts& facts, const HostNeeds& needs, const Policy& policy);

// The VIP networks whose VIPs are allowed or refused because of the difference between two values.
Touched affectedVips(const Facts& facts, const HostNeeds& before, const HostNeeds& after);

}  // namespace bgplb::core
