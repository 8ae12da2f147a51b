#pragma once
// The IPv6 addresses of a started container for which this host primes neighbour discovery, so that
// the container can reply at once (docs/decisions/0011). Called by docker/engine_dialogue.

#include "core/fold.hpp"

#include <optional>
#include <vector>

namespace bgplb::core {

struct NeighborsToPrime {
  std::vector<Address> addresses;  // on Docker bridges
  // docker_gwbridge, if the container may be attached to it. GET /containers/{id}/json does not
  // contain that attachment, so the network must be inspected for the container's address.
  std::optional<NetworkId> unresolved;
};

// Empty for a container on no VIP network: it does not reply from a VIP.
NeighborsToPrime neighborsToPrime(const Facts& facts, const ContainerReport& started);

}  // namespace bgplb::core
