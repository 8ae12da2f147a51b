#pragma once
// How the backends of one network share its VIPs: which slot each has, and with it its next hops.

#include "core/facts.hpp"

namespace bgplb::core {

// The slots of the backends that a packet can reach: joined, with a veth pair that exists. One that
// has a slot in the kernel keeps it, so that its connections stay with it; a new one gets the lowest
// that nobody has or just had. A backend for which none is left has none.
std::map<EndpointId, Slot> assignSlots(const Facts& facts, const Network& network,
                                       const KernelNetwork& observed,
                                       const std::set<std::string>& existingVeths);

// The next hops, group and pinned routes for `vip`, added to `desired`. New connections go to the
// `serving` backends. With none the group keeps its members while it is `routed`, for what is
// still under way; else it holds all, so that less is to be done when one gets ready.
void addNextHops(KernelNetwork& desired, const Prefix& vip, const Facts& facts,
                 const std::map<EndpointId, Slot>& slots, const std::set<EndpointId>& serving,
                 const KernelNetwork& observed, bool routed);

}  // namespace bgplb::core
