#pragma once
// Which IPv6 addresses of a container that has just started this host must make itself known to, so
// that the container's replies find their way at once (docs/decisions/0011).

#include "core/fold.hpp"

#include <optional>
#include <vector>

namespace bgplb::core {

struct Greeting {
  std::vector<Address> addresses;  // on Docker bridges
  // docker_gwbridge, if the container may be on it: its description does not say so, and the network
  // must be asked for its address there.
  std::optional<NetworkId> unnamed;
};

// Nothing for a container on no VIP network, for it replies from no VIP.
Greeting greetingFor(const Facts& facts, const ContainerReport& started);

}  // namespace bgplb::core
