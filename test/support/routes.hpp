#pragma once
// Builds BIRD's route files for given routes.

#include "bird/announcements.hpp"

namespace bgplb::test {

using Routes = std::map<Prefix, core::RouteAttributes>;

// The attributes of a network with `weight` and this number of ready backends.
inline core::RouteAttributes weighted(std::size_t readyBackends, unsigned weight) {
  return {.bandwidth = core::linkBandwidth(readyBackends, weight)};
}

inline bird::RouteFiles filesOf(const Routes& routes, std::uint32_t localAs) {
  bird::Announcements announcements(localAs);
  for (const auto& [prefix, attributes] : routes) announcements.set(prefix, attributes);
  return announcements.files();
}

}  // namespace bgplb::test
