#pragma once
// Which pools the IPAM driver accepts, and which networks get a bridge. Called by
// docker/plugin_api. vip_rules.hpp has the rules for the addresses.

#include "core/facts.hpp"

#include <map>
#include <string>
#include <string_view>

namespace bgplb::core {

// The same name for both of Docker's default address spaces. With two names, libnetwork would check
// our pool for overlaps and, on an overlap, request another pool again and again.
inline constexpr const char* kAddressSpace = "bgplb";

// The --ipam-opt for the IPv6 VIP where an IPv6 --subnet is not possible (Docker Swarm).
inline constexpr const char* kV6SubnetOption = "v6subnet";

// The end of every error that refuses a pool or a network.
inline constexpr const char* kAllowedVips =
    "a VIP network takes one IPv4 /32 (--subnet A.B.C.D/32), one IPv6 /128 (--ipv6 and --subnet "
    "X::Y/128 "
    "or --ipam-opt v6subnet=X::Y/128), or one of each";

struct Pool {
  Prefix prefix;
  std::string id;  // contains the prefix, so no state is needed: "bgplb/10.0.0.101/32"
};

// The placeholder IPv4 pool of an IPv6-only network: Docker before 28 requires an IPv4 pool. It is
// not a VIP, and it is neither announced nor routed.
bool isStandIn(const Prefix& prefix);

// IpamDriver.RequestPool. `pool` is --subnet or empty, `subPool` is --ip-range, `v6` is the
// request's field V6, `global` is GLOBAL_SCOPE.
Result<Pool> requestPool(std::string_view pool, std::string_view subPool, bool v6,
                         const std::map<std::string, std::string>& options, bool global = false);
Result<Pool> parsePoolId(std::string_view id);
// IpamDriver.RequestAddress. Returns the VIP for every request; `address` is empty or the VIP.
Result<Prefix> requestAddress(std::string_view poolId, std::string_view address);

// A bridge's name contains the first 9 characters of its network's id (core/link_names.hpp).
// Conflict: another network has the bridge that `id` would get.
Result<void> checkBridge(const Facts& facts, const NetworkId& id);

// The names of an endpoint's links contain the first 12 characters of its id. Conflict: another
// endpoint has the links that `id` would get.
Result<void> checkVeth(const Facts& facts, const EndpointId& id);

// The error for an IPv6 VIP on a kernel without IPv6.
Error noIpv6(const Prefix& vip);

}  // namespace bgplb::core
