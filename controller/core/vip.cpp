#include "core/vip.hpp"

#include "core/link_names.hpp"

#include <fmt/format.h>

#include <array>

namespace bgplb::core {

namespace {

constexpr std::string_view kPoolIdPrefix = "bgplb/";

Error refused(std::string_view what) {
  return invalid(fmt::format("{}: {}", what.substr(0, 200), kAllowedVips));
}

Pool makePool(const Prefix& prefix) {
  return {prefix, fmt::format("{}{}", kPoolIdPrefix, prefix.toString())};
}

// 0.0.0.0, because the kernel ignores it as an interface address. Swarm rejects tasks with that
// address, so a cluster-wide network gets 192.0.0.8, the IPv4 dummy address (RFC 7600).
Pool standInPool(bool global) {
  constexpr std::array<std::uint8_t, 4> dummy{192, 0, 0, 8};
  return makePool(Prefix::host(global ? Address::fromBytes(Family::V4, dummy.data()) : Address{}));
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

bool isStandIn(const Prefix& prefix) {
  return prefix.isHost() && prefix.family() == Family::V4 &&
         (prefix.address().isUnspecified() || prefix.address().isDummy());
}

Result<Pool> requestPool(std::string_view pool, std::string_view subPool, bool v6,
                         const std::map<std::string, std::string>& options, bool global) {
  for (const auto& [key, value] : options) {
    // Swarm's allocator adds these keys.
    const bool docker = key.starts_with("com.docker.network.") || key == "RequestAddressType";
    if (key != kV6SubnetOption && !docker) {
      return refused(fmt::format("--ipam-opt {} is unknown", key));
    }
  }
  if (!subPool.empty()) return refused("--ip-range is not supported");
  const auto v6subnet = options.find(kV6SubnetOption);
  // Swarm's leader sends IPv6 subnets with V6=false: the text decides.
  const bool isV6 = v6 || pool.find(':') != std::string_view::npos;
  // Swarm passes the pool that its leader received to the nodes and to the next leader as --subnet.
  const auto prefix = Prefix::parse(pool);
  const bool standIn = (global || v6subnet != options.end()) && prefix && isStandIn(*prefix);
  if (!pool.empty() && !standIn) {
    auto given = poolOf(pool, isV6 ? Family::V6 : Family::V4, "--subnet");
    if (!given || !isV6 || v6subnet == options.end()) return given;
    auto other = poolOf(v6subnet->second, Family::V6, "v6subnet");
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
  if (v6subnet != options.end()) {
    auto checked = poolOf(v6subnet->second, Family::V6, "v6subnet");
    if (!checked) return checked;
  }
  // An IPv6-only network. Only CreateNetwork can check that it has an IPv6 VIP.
  return standIn ? makePool(*prefix) : standInPool(global);
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

Result<void> checkBridge(const Facts& facts, const NetworkId& id) {
  const std::string bridge = bridgeName(id);
  for (const auto& [otherId, other] : facts.networks) {
    if (otherId == id || bridgeName(otherId) != bridge) continue;
    return conflict(fmt::format(
        "network {} would get the bridge {}, which network {} already has: the ids begin with the "
        "same characters; create the network again to get a new id",
        id.brief(), bridge, other.name.empty() ? otherId.brief() : other.name));
  }
  return {};
}

Result<void> checkVeth(const Facts& facts, const EndpointId& id) {
  const std::string veth = vethHostName(id);
  for (auto other = facts.endpoints.lower_bound(firstEndpointOf(veth));
       other != facts.endpoints.end() && vethHostName(other->first) == veth; ++other) {
    if (other->first == id) continue;
    return conflict(fmt::format(
        "endpoint {} would get the link {}, which another endpoint already has: the ids begin with "
        "the same characters; connect the container again to get a new id",
        id.brief(), veth));
  }
  return {};
}

Error noIpv6(const Prefix& vip) {
  return invalid(
      fmt::format("VIP {} cannot be served: IPv6 is off in the kernel of this host "
                  "(ipv6.disable=1, or a kernel "
                  "built without IPv6); boot with IPv6, or use an IPv4 VIP only",
                  vip.address().toString()));
}

}  // namespace bgplb::core
