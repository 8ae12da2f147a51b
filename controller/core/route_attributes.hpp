#pragma once
// The BGP attributes that a prefix is announced with. Equal attributes give equal routes; a change
// is one UPDATE of that prefix and touches nothing else. bird/render.cpp renders each field.

#include "core/link_bandwidth.hpp"

#include <optional>

namespace bgplb::core {

struct RouteAttributes {
  std::optional<LinkBandwidth> bandwidth;  // RFC 10005; none: no such community
  friend bool operator==(const RouteAttributes&, const RouteAttributes&) = default;
};

}  // namespace bgplb::core
