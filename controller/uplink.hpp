#pragma once
// From settings and what the kernel says of this host's addresses and routes to BIRD's model: which
// source, which IPv6 next hop, is a peer on a connected network.

#include "config.hpp"
#include "core/bird_model.hpp"
#include "reconcile/ports.hpp"

#include <string>
#include <vector>

namespace bgplb {

struct Uplink {
  core::BirdModel model;
  std::vector<std::string> notes;  // what keeps something from working, a sentence each
};

// `previous` is kept where the kernel knows no way to a peer at the moment: an interface that is
// down for a second must not change (and so restart) a session.
Uplink findUplink(const Settings& settings, reconcile::Kernel& kernel,
                  const std::optional<core::BirdModel>& previous);

// The port BIRD listens on when ROUTER_PORT is -1: it always listens somewhere, and 179 is left to
// others.
inline constexpr std::uint16_t kUnusedPort = 17900;

}  // namespace bgplb
