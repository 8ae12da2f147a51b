#pragma once
// Whether a container can answer over a family. A VIP of a family is announced only while a
// container that can answer is ready. Otherwise clients would be routed to a host that cannot serve
// them, although another host could.

#include "core/facts.hpp"

#include <string>

namespace bgplb::core {

// Why the backend cannot answer over the family, as a sentence without a full stop; empty: it can
// answer, or the facts do not show it. A container replies over another network than the VIP's: a
// Docker bridge, or docker_gwbridge if none of its Docker bridges leads outside.
std::string cannotAnswer(const Facts& facts, const EndpointId& endpoint, Family family);

// The container has an IPv6 VIP, and its replies leave by docker_gwbridge, which is not known:
// Docker sends no event when it creates that network.
bool needsUnknownGateway(const Facts& facts, const Container& container);

}  // namespace bgplb::core
