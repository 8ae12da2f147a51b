#include "core/kernel_network.hpp"

namespace bgplb::core {

void KernelNetwork::removeVeth(const std::string& host) {
  veths.erase(host);
  isolated.erase(host);
}

void KernelNetwork::removeNextHop(const Address& via) {
  nextHops.erase(via);
  const auto group = groups.find(via.family());
  if (group == groups.end()) return;
  group->second.erase(via);
  if (group->second.empty()) removeGroup(via.family());
}

void KernelNetwork::removeGroup(Family family) {
  groups.erase(family);
  std::erase_if(routes, [family](const Prefix& route) { return route.family() == family; });
  std::erase_if(released,
                [family](const PinnedRoute& route) { return route.via.family() == family; });
}

}  // namespace bgplb::core
