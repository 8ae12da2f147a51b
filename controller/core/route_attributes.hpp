#pragma once
// The BGP attributes of an announced prefix. A change of the attributes causes one UPDATE for that
// prefix and affects no other prefix. bird/render.cpp renders each field.

#include "core/link_bandwidth.hpp"

#include <optional>

namespace bgplb::core {

struct RouteAttributes {
  std::optional<LinkBandwidth> bandwidth;  // RFC 10005; none: the community is not sent
  friend bool operator==(const RouteAttributes&, const RouteAttributes&) = default;
};

}  // namespace bgplb::core
