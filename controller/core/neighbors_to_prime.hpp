#pragma once
// The IPv6 addresses of a container that has just started for which this host primes neighbour
// discovery, so that the container can reply at once (docs/decisions/0011).

#include "core/fold.hpp"

#include <optional>
#include <vector>

namespace bgplb::core {

struct NeighborsToPrime {
  std::vector<Address> addresses;  // on Docker bridges
  // docker_gwbridge, if the container may be on it: its description does not say so, and the
  // network must be asked for its address there.
  std::optional<NetworkId> unresolved;
};

// Nothing for a container on no VIP network, for it replies from no VIP.
NeighborsToPrime neighborsToPrime(const Facts& facts, const ContainerReport& started);

}  // namespace bgplb::core
