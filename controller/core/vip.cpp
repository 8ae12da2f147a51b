#include "core/vip.hpp"

#include <fmt/format.h>

namespace bgplb::core {

namespace {

constexpr std::string_view kPoolIdPrefix = "bgplb/";
constexpr const char* kAllowed =
    "a VIP network takes exactly one IPv4 /32 (--subnet A.B.C.D/32) and, with --ipv6, one IPv6 /128 "
    "(--subnet X::Y/128 or --ipam-opt v6subnet=X::Y/128)";

Error refused(std::string_view what) {
  return invalid(fmt::format("{}: {}", what.substr(0, 200), kAllowed));
}

Pool makePool(const Prefix& prefix) {
  return {prefix, fmt::format("{}{}", kPoolIdPrefix, prefix.toString())};
}

Result<Pool> poolOf(std::string_view text, Family family, const char* source) {
  const auto prefix = Prefix::parse(text);
  if (!prefix) return refused(prefix.error().message);
  if (prefix->family() != family) {
    return refused(fmt::format("{} {} is not IPv{}", source, prefix->toString(),
                               family == Family::V4 ? 4 : 6));
  }
  if (!prefix->isHost()) return refused(fmt::format("{} {} is not one address", source, text));
  if (!prefix->address().isUsableUnicast()) {
    return refused(fmt::format("{} {} is not an address others can send to", source,
                               prefix->address().toString()));
  }
  return makePool(*prefix);
}

}  // namespace

Result<Pool> requestPool(std::string_view pool, std::string_view subPool, bool v6,
                         const std::map<std::string, std::string>& options) {
  for (const auto& [key, value] : options) {
    // Swarm's allocator adds com.docker.network.* keys of its own.
    if (key != kV6SubnetOption && !key.starts_with("com.docker.network.")) {
      return refused(fmt::format("--ipam-opt {} is unknown", key));
    }
  }
  if (!subPool.empty()) return refused("--ip-range makes no sense here");
  const auto v6subnet = options.find(kV6SubnetOption);
  // Swarm's leader sends IPv6 subnets with V6=false: the text decides.
  const bool isV6 = v6 || pool.find(':') != std::string_view::npos;
  if (!pool.empty()) {
    auto given = poolOf(pool, isV6 ? Family::V6 : Family::V4, "--subnet");
    if (!given || !isV6 || v6subnet == options.end()) return given;
    const auto other = poolOf(v6subnet->second, Family::V6, "v6subnet");
    if (!other) return other;
    if (other->prefix != given->prefix) {
      return refused(fmt::format("--subnet {} and v6subnet {} differ", given->prefix.toString(),
                                 other->prefix.toString()));
    }
    return given;
  }
  if (isV6) {
    if (v6subnet == options.end()) return refused("--ipv6 was given without an IPv6 VIP");
    return poolOf(v6subnet->second, Family::V6, "v6subnet");
  }
  if (v6subnet == options.end()) return refused("no --subnet was given");
  // IPv6 only: before Docker 28 there is no network without an IPv4 pool. This stand-in is neither
  // announced nor routed, and the kernel ignores it as an address.
  const auto checked = poolOf(v6subnet->second, Family::V6, "v6subnet");
  if (!checked) return checked;
  return makePool(Prefix::host(Address{}));
}

Result<Pool> parsePoolId(std::string_view id) {
  if (id.starts_with(kPoolIdPrefix)) {
    const auto prefix = Prefix::parse(id.substr(kPoolIdPrefix.size()));
    if (prefix && prefix->isHost()) return makePool(*prefix);
  }
  return invalid(fmt::format("'{}' is not a pool of this driver", id.substr(0, 64)));
}

Result<Prefix> requestAddress(std::string_view poolId, std::string_view address) {
  const auto pool = parsePoolId(poolId);
  if (!pool) return pool.error();
  if (!address.empty()) {
    const auto wanted = Address::parse(address);
    if (!wanted) return wanted.error();
    if (*wanted != pool->prefix.address()) {
      return invalid(fmt::format("{} is not the VIP of this network, which is {}",
                                 wanted->toString(), pool->prefix.address().toString()));
    }
  }
  return pool->prefix;
}

Result<std::string> checkVip(const Facts& facts, const NetworkId& id, const Prefix& vip,
                             const std::vector<LocalAddress>& local) {
  const std::string shown = vip.address().toString();
  const auto holders = facts.byVip.find(vip);
  if (holders != facts.byVip.end()) {
    for (const auto& otherId : holders->second) {
      if (otherId == id) continue;
      const auto& name = facts.networks.at(otherId).name;
      return conflict(fmt::format("VIP {} is already that of network {}", shown,
                                  name.empty() ? otherId.brief() : name));
    }
  }
  std::string warning;
  for (const auto& own : local) {
    if (own.address == vip.address()) {
      return conflict(fmt::format("VIP {} is an address of this host", shown));
    }
    if (own.subnet.contains(vip.address())) {
      warning = fmt::format(
          "VIP {} lies inside the connected subnet {}: hosts of that subnet will look for it by "
          "ARP or NDP and not ask the router",
          shown, own.subnet.toString());
    }
  }
  return warning;
}

}  // namespace bgplb::core
