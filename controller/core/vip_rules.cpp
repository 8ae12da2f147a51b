#include "core/vip_rules.hpp"

#include "base/printable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

namespace bgplb::core {

namespace {

bool overlap(const Prefix& one, const Prefix& other) {
  return one.contains(other.address()) || other.contains(one.address());
}

bool liesInside(const Prefix& inner, const Prefix& outer) {
  return inner.length() >= outer.length() && outer.contains(inner.address());
}

// Number of leading bits in which two addresses of one family are equal.
unsigned commonBits(const Address& one, const Address& other) {
  for (unsigned i = 0; i < one.size(); ++i) {
    const auto difference = static_cast<std::uint8_t>(one.bytes()[i] ^ other.bytes()[i]);
    if (difference != 0) return i * 8 + static_cast<unsigned>(std::countl_zero(difference));
  }
  return static_cast<unsigned>(one.size() * 8);
}

// The longest subnet of a Docker bridge network that contains `address`. A subnet that contains the
// address sorts before it, and after every shorter one that contains it. If the last subnet up to
// `key` does not contain the address, no subnet with more common bits does.
std::optional<Prefix> bridgeSubnetOf(const Facts& facts, const Address& address) {
  Prefix key = Prefix::host(address);
  for (;;) {
    const auto next = facts.bySubnet.upper_bound(key);
    if (next == facts.bySubnet.begin()) return std::nullopt;
    const Prefix& subnet = std::prev(next)->first;
    if (subnet.contains(address)) return subnet;
    if (subnet.family() != address.family()) return std::nullopt;
    key = Prefix::of(address, commonBits(subnet.address(), address));
  }
}

bool isAllowed(const Policy& policy, const Prefix& prefix) {
  const auto& allowed = policy.allowedPrefixes;
  return allowed.empty() || std::any_of(allowed.begin(), allowed.end(), [&](const Prefix& outer) {
           return liesInside(prefix, outer);
         });
}

std::string outsideAllowed(const Policy& policy, std::string_view what) {
  std::vector<std::string> allowed;
  for (const auto& prefix : policy.allowedPrefixes) allowed.push_back(prefix.toString());
  return fmt::format("{} lies outside of ALLOWED_PREFIXES ({})", what, fmt::join(allowed, ", "));
}

// dockerd does not restrict the characters of a network's name, and another user's terminal shows
// the error.
std::string nameOf(const std::string& name, const NetworkId& id) {
  return name.empty() ? id.brief() : printable(name);
}

// Most ranges that other hosts cannot send to are at least as large as a permitted subnet, so the
// first address of the subnet shows whether it is inside the range. The ranges below are smaller.
bool isUsableUnicast(const Prefix& subnet) {
  static const std::array kLongRanges{Prefix::parse("169.254.0.0/16").value(),
                                      Prefix::parse("192.0.0.0/24").value()};
  return subnet.address().isUsableUnicast() &&
         std::none_of(kLongRanges.begin(), kLongRanges.end(),
                      [&](const Prefix& range) { return overlap(subnet, range); });
}

// Empty: the subnet may be announced.
std::string gatewayProblem(const HostNeeds& needs, const Policy& policy, const Prefix& subnet) {
  const std::string shown = "gateway subnet " + subnet.toString();
  const unsigned shortest = subnet.family() == Family::V4 ? kShortestGateway4 : kShortestGateway6;
  if (subnet.length() < shortest) {
    return fmt::format("{} is larger than a /{}", shown, shortest);
  }
  if (!isUsableUnicast(subnet)) {
    return fmt::format("{} has addresses that others cannot send to", shown);
  }
  for (const auto& peer : needs.peers) {
    if (subnet.contains(peer)) {
      return fmt::format("{} contains the BGP peer {}", shown, peer.toString());
    }
  }
  for (const auto& [nextHop, peer] : needs.nextHops) {
    if (subnet.contains(nextHop)) {
      return fmt::format("{} contains {}, the next hop towards the BGP peer {}", shown,
                         nextHop.toString(), peer.toString());
    }
  }
  return isAllowed(policy, subnet) ? "" : outsideAllowed(policy, shown);
}

template <typename Container, typename Report>
void reportMissing(const Container& from, const Container& in, const Report& report) {
  for (const auto& entry : from) {
    if (!in.contains(entry)) report(entry);
  }
}

}  // namespace

Result<void> checkVip(const Facts& facts, const HostNeeds& needs, const Policy& policy,
                      const Prefix& vip) {
  const Address& address = vip.address();
  const std::string shown = "VIP " + address.toString();
  if (!vip.isHost()) return invalid(fmt::format("{} is not one address", vip.toString()));
  if (!address.isUsableUnicast()) {
    return invalid(fmt::format("{} is not an address others can send to", address.toString()));
  }
  if (needs.addresses.contains(address)) {
    return conflict(fmt::format("{} is an address of this host", shown));
  }
  if (needs.peers.contains(address)) {
    return conflict(fmt::format("{} is the address of a BGP peer of this host", shown));
  }
  if (const auto hop = needs.nextHops.find(address); hop != needs.nextHops.end()) {
    return conflict(fmt::format("{} is the next hop of this host towards the BGP peer {}", shown,
                                hop->second.toString()));
  }
  if (const auto subnet = bridgeSubnetOf(facts, address)) {
    const auto& id = *facts.bySubnet.at(*subnet).begin();
    return conflict(fmt::format("{} lies inside the subnet {} of the Docker network {}", shown,
                                subnet->toString(), nameOf(facts.bridges.at(id).name, id)));
  }
  if (!isAllowed(policy, vip)) return invalid(outsideAllowed(policy, shown));
  return {};
}

Result<void> checkHolder(const Facts& facts, const NetworkId& id, const Prefix& vip) {
  const auto holders = facts.byVip.find(vip);
  if (holders == facts.byVip.end()) return {};
  for (const auto& other : holders->second) {
    if (other == id) continue;
    return conflict(fmt::format("network {} already has VIP {}",
                                nameOf(facts.networks.at(other).name, other),
                                vip.address().toString()));
  }
  return {};
}

Result<void> checkOtherNetworks(const Facts& facts, const NetworkId& id, const Prefix& vip) {
  for (const auto& [otherId, other] : facts.others) {
    const bool has =
        std::find(other.subnets.begin(), other.subnets.end(), vip) != other.subnets.end();
    if (!has || otherId == id) continue;
    return conflict(fmt::format("network {} of driver {} already has VIP {}; remove it first",
                                nameOf(other.name, otherId), printable(other.driver),
                                vip.address().toString()));
  }
  return {};
}

std::string connectedWarning(const HostNeeds& needs, const Prefix& vip) {
  for (const auto& subnet : needs.connected) {
    if (!subnet.contains(vip.address())) continue;
    return fmt::format(
        "VIP {} lies inside the connected subnet {}: hosts of that subnet will resolve it by ARP "
        "or NDP instead of sending to the router",
        vip.address().toString(), subnet.toString());
  }
  return {};
}

GatewaySubnets gatewaySubnets(const Facts& facts, const HostNeeds& needs, const Policy& policy) {
  GatewaySubnets result;
  for (const auto& [id, bridge] : facts.bridges) {
    if (!bridge.advertise) continue;
    for (const auto& subnet : bridge.subnets) {
      auto problem = gatewayProblem(needs, policy, subnet);
      if (problem.empty()) {
        result.announced.try_emplace(subnet, id);
      } else {
        result.refused.emplace(std::pair(id, subnet), std::move(problem));
      }
    }
  }
  return result;
}

Touched affectedVips(const Facts& facts, const HostNeeds& before, const HostNeeds& after) {
  Touched touched;
  const auto touch = [&](const Address& address) {
    const auto holders = facts.byVip.find(Prefix::host(address));
    if (holders != facts.byVip.end())
      touched.insert(holders->second.begin(), holders->second.end());
  };
  const auto touchHop = [&](const auto& hop) { touch(hop.first); };
  for (const auto& [from, in] : {std::pair(&before, &after), std::pair(&after, &before)}) {
    reportMissing(from->addresses, in->addresses, touch);
    reportMissing(from->peers, in->peers, touch);
    std::for_each(from->nextHops.begin(), from->nextHops.end(), touchHop);
  }
  return touched;
}

}  // namespace bgplb::core
