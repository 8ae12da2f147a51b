#include "firewall/address_set.hpp"

#include <fmt/format.h>

namespace bgplb::firewall {

std::string addressSet(const std::string& name, Family family, const std::string& elements) {
  const std::string members =
      elements.empty() ? std::string() : fmt::format("    elements = {{ {} }}\n", elements);
  return fmt::format("  set {} {{\n    typeof {} daddr\n{}  }}\n", name,
                     family == Family::V4 ? "ip" : "ip6", members);
}

}  // namespace bgplb::firewall
