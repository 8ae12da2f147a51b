#include "firewall/loop_guard.hpp"

#include "firewall/address_set.hpp"
#include "firewall/plain_name.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bgplb::firewall {

namespace {

bool hasVip(const GuardedTraffic& traffic, Family family) {
  return std::any_of(traffic.vips.begin(), traffic.vips.end(),
                     [family](const Address& vip) { return vip.family() == family; });
}

std::string setOf(const std::set<Address>& vips, const char* name, Family family) {
  std::string elements;
  for (const Address& vip : vips) {
    if (vip.family() != family) continue;
    elements += (elements.empty() ? "" : ", ") + vip.toString();
  }
  return addressSet(name, family, elements);
}

}  // namespace

std::string loopGuardRules(const GuardedTraffic& traffic) {
  if (traffic.vips.empty() || traffic.links.empty()) return {};
  std::string rules;
  for (const auto& link : traffic.links) {
    if (!isPlainLinkName(link)) continue;
    const std::string back = fmt::format("    iifname \"{0}\" oifname \"{0}\"", link);
    if (hasVip(traffic, Family::V4)) {
      rules += back + " ip daddr @vips4 reject with icmp host-unreachable\n";
    }
    // A kernel without IPv6 cannot load the second rule.
    if (hasVip(traffic, Family::V6)) {
      rules += back + " ip6 daddr @vips6 reject with icmpv6 addr-unreachable\n";
    }
  }
  return fmt::format(
      "{}{}"
      "  chain forward {{\n"
      "    type filter hook forward priority filter - 10; policy accept;\n"
      "{}"
      "  }}\n",
      setOf(traffic.vips, "vips4", Family::V4), setOf(traffic.vips, "vips6", Family::V6), rules);
}

}  // namespace bgplb::firewall
