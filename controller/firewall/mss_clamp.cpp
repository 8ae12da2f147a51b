#include "firewall/mss_clamp.hpp"

#include "firewall/address_set.hpp"

#include <fmt/format.h>

#include <utility>

namespace bgplb::firewall {

std::string mssClampRules(const SegmentLimits& limits) {
  // One set for each family and MSS, so that the number of rules does not depend on the number of
  // VIPs.
  std::map<std::pair<Family, unsigned>, std::string> sets;
  for (const auto& [vip, mss] : limits) {
    auto& elements = sets[{vip.family(), mss}];
    elements += (elements.empty() ? "" : ", ") + vip.toString();
  }
  if (sets.empty()) return {};
  std::string definitions;
  std::string rules;
  for (const auto& [key, elements] : sets) {
    const auto& [family, mss] = key;
    const bool v4 = family == Family::V4;
    const std::string name = fmt::format("vips{}_{}", v4 ? 4 : 6, mss);
    definitions += addressSet(name, family, elements);
    for (const char* const field : {"daddr", "saddr"}) {
      rules += fmt::format("    {} {} @{} tcp option maxseg size set {}\n", v4 ? "ip" : "ip6",
                           field, name, mss);
    }
  }
  // All packets but SYN segments pass a single rule.
  return fmt::format(
      "{}"
      "  chain clamp {{\n"
      "{}"
      "  }}\n"
      "  chain forward {{\n"
      "    type filter hook forward priority mangle; policy accept;\n"
      "    tcp flags & (syn | rst) == syn jump clamp\n"
      "  }}\n",
      definitions, rules);
}

}  // namespace bgplb::firewall
