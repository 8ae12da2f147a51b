#pragma once
// Route files of given routes.

#include "bird/route_table.hpp"

namespace bgplb::test {

using Routes = std::map<Prefix, std::optional<core::LinkBandwidth>>;

inline bird::RouteFiles filesOf(const Routes& routes, std::uint32_t localAs) {
  bird::RouteTable table(localAs);
  for (const auto& [prefix, bandwidth] : routes) table.set(prefix, bandwidth);
  return table.files();
}

}  // namespace bgplb::test
