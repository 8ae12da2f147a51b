#pragma once
// What a Swarm manager can tell of mistakes that no call shows. Its leader gives out addresses long
// before a task lands on a host, and a request for a service's virtual IP looks like a task's.

#include "core/fold.hpp"

#include <set>
#include <string>
#include <vector>

namespace bgplb::core {

// What GET /services says of one service.
struct ServiceReport {
  std::string name;
  bool virtualIp = true;  // --endpoint-mode vip, Swarm's default
  std::set<NetworkId> networks;
};

// One sentence for each, to be shown to the operator. `networks`: those of this driver.
std::set<std::string> swarmNotes(const std::vector<NetworkReport>& networks,
                                 const std::vector<ServiceReport>& services);

}  // namespace bgplb::core
