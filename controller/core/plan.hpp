#pragma once
// Computes the actions that change the kernel objects of one VIP network from the observed to the
// desired state. Pure; called by the reconciler.

#include "core/actions.hpp"

#include <map>
#include <string>
#include <vector>

namespace bgplb::core {

// The actions from `observed` to `desired`, in the order of execution: remove routes and groups;
// add links, neighbours, next hops, groups, routes; remove next hops, neighbours, links. Empty if
// the two states are equal. `containerEnds`: host end of a veth pair -> container end. A host end
// without an entry is not created.
std::vector<Action> plan(const std::string& bridge, const KernelNetwork& desired,
                         const KernelNetwork& observed,
                         const std::map<std::string, std::string>& containerEnds);

}  // namespace bgplb::core
