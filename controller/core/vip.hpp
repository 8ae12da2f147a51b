#pragma once
// The rules for VIPs: what a pool may be (IPAM) and which address may be a VIP here (network).

#include "core/facts.hpp"

#include <map>
#include <string>
#include <string_view>

namespace bgplb::core {

// One name for both of Docker's default address spaces: with two different ones libnetwork tests
// pools that we chose for overlaps and asks for others without limit.
inline constexpr const char* kAddressSpace = "bgplb";

// The --ipam-opt that gives the IPv6 VIP where no IPv6 --subnet can (Docker Swarm).
inline constexpr const char* kV6SubnetOption = "v6subnet";

// What every refusal of a pool or of a network ends with.
inline constexpr const char* kAllowedVips =
    "a VIP network takes one IPv4 /32 (--subnet A.B.C.D/32), one IPv6 /128 (--ipv6 and --subnet X::Y/128 "
    "or --ipam-opt v6subnet=X::Y/128), or one of each";

struct Pool {
  Prefix prefix;
  std::string id;  // stateless: "bgplb/10.0.0.101/32"
};

// The IPv4 pool of an IPv6-only network, which before Docker 28 must have one: no VIP, neither
// announced nor routed.
bool isStandIn(const Prefix& prefix);

// IpamDriver.RequestPool. `pool` is --subnet or empty, `v6` the request's V6, `subPool` --ip-range;
// `global`: GLOBAL_SCOPE.
Result<Pool> requestPool(std::string_view pool, std::string_view subPool, bool v6,
                         const std::map<std::string, std::string>& options, bool global = false);
Result<Pool> parsePoolId(std::string_view id);
// IpamDriver.RequestAddress: the VIP itself, again and again; `address` is empty, or must be it.
Result<Prefix> requestAddress(std::string_view poolId, std::string_view address);

// A bridge is named by the first 9 characters of its network's id (core/link_names.hpp). Conflict:
// another network has the bridge that `id` would get.
Result<void> checkBridge(const Facts& facts, const NetworkId& id);

// An address of this host as far as VIPs are concerned.
struct LocalAddress {
  Address address;
  Prefix subnet;
};

// May `vip` be network `id`'s? Invalid or Conflict with a sentence if not. Inside a connected subnet
// it may, with a warning (the return value): hosts of that subnet would look for it by ARP or NDP,
// where nobody answers.
Result<std::string> checkVip(const Facts& facts, const NetworkId& id, const Prefix& vip,
                             const std::vector<LocalAddress>& local);

}  // namespace bgplb::core
