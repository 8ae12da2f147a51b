#pragma once
// How the backends of one network share its VIPs: the slot of each backend, and the next hops that
// follow from the slot. Called by desiredNetwork().

#include "base/result.hpp"
#include "core/facts.hpp"

#include <functional>

namespace bgplb::core {

// The slots of the backends that a packet can reach, which are joined and have a veth pair. A
// backend with a slot in the kernel keeps that slot, so that its connections stay with it. A new
// backend gets the lowest free slot, preferably one without neighbour entries of a former backend.
// When all slots are taken, the remaining backends get none. If several backends have one MAC
// address, one gets a slot.
std::map<EndpointId, Slot> assignSlots(const Facts& facts, const Network& network,
                                       const KernelNetwork& observed,
                                       const std::set<std::string>& existingVeths);

// Whether endpoint `id` may have `mac` on that network. Conflict: another endpoint has it, and that
// endpoint is not a leftover, which has left or has lost its link (`hasLink`).
Result<void> checkMac(const Facts& facts, const NetworkId& network, const EndpointId& id,
                      const MacAddress& mac, const std::function<bool(const EndpointId&)>& hasLink);

// Adds the neighbour entries, next hops, group and pinned routes of `vip` to `desired`. The group
// has the `serving` backends as members: they get the new connections. Without a serving backend,
// the group keeps its members while `vip` is `routed`, for packets in flight. If `vip` is not
// routed either, the group has all backends as members, so that fewer actions are needed when one
// becomes ready.
void addNextHops(KernelNetwork& desired, const Prefix& vip, const Facts& facts,
                 const std::map<EndpointId, Slot>& slots, const std::set<EndpointId>& serving,
                 const KernelNetwork& observed, bool routed);

}  // namespace bgplb::core
