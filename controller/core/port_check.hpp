#pragma once
// Finds containers of one VIP network that are not servers of one service. A new connection goes to
// any ready container of the VIP, whatever its port (docs/decisions/0027-one-service-per-vip.md).
// Pure; called by the reconciler.

#include "core/facts.hpp"

namespace bgplb::core {

// Why connections to some port may reach a container without a server for it, as a sentence without
// a full stop: two of the `serving` backends expose different ports. Empty: they do not. Containers
// that expose no port are not compared.
std::string portProblem(const Facts& facts, const std::map<Family, std::set<EndpointId>>& serving);

}  // namespace bgplb::core
