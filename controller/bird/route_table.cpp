#include "bird/route_table.hpp"

#include "bird/render.hpp"

namespace bgplb::bird {

void RouteTable::setLocalAs(std::uint32_t localAs) {
  if (localAs == localAs_) return;
  localAs_ = localAs;
  for (auto& [prefix, route] : routes_) route.line = renderRoute(prefix, route.bandwidth, localAs_);
}

bool RouteTable::set(const Prefix& prefix, std::optional<core::LinkBandwidth> bandwidth) {
  const auto [entry, isNew] = routes_.try_emplace(prefix);
  Route& route = entry->second;
  if (!isNew && route.bandwidth == bandwidth) return false;
  route = {bandwidth, renderRoute(prefix, bandwidth, localAs_)};
  return true;
}

bool RouteTable::erase(const Prefix& prefix) { return routes_.erase(prefix) > 0; }

RouteFiles RouteTable::files() const {
  RouteFiles files;
  std::size_t bytes4 = 0;
  std::size_t bytes6 = 0;
  for (const auto& [prefix, route] : routes_) {
    (prefix.family() == Family::V4 ? bytes4 : bytes6) += route.line.size();
  }
  files.vips4.reserve(bytes4);
  files.vips6.reserve(bytes6);
  for (const auto& [prefix, route] : routes_) {
    (prefix.family() == Family::V4 ? files.vips4 : files.vips6) += route.line;
  }
  return files;
}

}  // namespace bgplb::bird
