#pragma once
// From observed to desired kernel objects of one VIP network: the actions between the two.

#include "core/actions.hpp"

#include <map>
#include <string>
#include <vector>

namespace bgplb::core {

// The steps from `observed` to `desired`, in the order they must be taken: links, neighbours, next
// hops, then routes; removals the other way round. Empty when nothing differs. `containerEnds` names the
// container end for each host end in desired.veths.
std::vector<Action> plan(const std::string& bridge, const KernelNetwork& desired,
                         const KernelNetwork& observed,
                         const std::map<std::string, std::string>& containerEnds);

}  // namespace bgplb::core
