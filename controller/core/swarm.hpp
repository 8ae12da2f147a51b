#pragma once
// Finds mistakes in Swarm networks and services that no plugin call reveals: Swarm's leader assigns
// addresses long before a task runs on a host, and a request for a service's virtual IP looks like
// the request for a task. Called by docker/swarm_watch with the lists of a manager.

#include "core/fold.hpp"

#include <set>
#include <string>
#include <vector>

namespace bgplb::core {

// One service, from GET /services.
struct ServiceReport {
  std::string name;
  bool virtualIp = true;  // --endpoint-mode vip, Swarm's default
  std::set<NetworkId> networks;
};

// One sentence for each mistake, for the operator. `networks`: the networks of this driver.
std::set<std::string> swarmNotes(const std::vector<NetworkReport>& networks,
                                 const std::vector<ServiceReport>& services);

}  // namespace bgplb::core
