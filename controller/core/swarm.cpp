#include "core/swarm.hpp"

#include "core/vip.hpp"

#include <fmt/format.h>

#include <map>

namespace bgplb::core {

namespace {

std::string virtualIpNote(const ServiceReport& service, const NetworkReport& network) {
  return fmt::format(
      "service {} is on VIP network {} with --endpoint-mode vip, Swarm's default: the VIP works, "
      "but "
      "dockerd cannot set up Swarm's own load balancer there and logs an error for each task; "
      "run: docker service update --endpoint-mode dnsrr {}",
      service.name, network.name, service.name);
}

}  // namespace

std::set<std::string> swarmNotes(const std::vector<NetworkReport>& networks,
                                 const std::vector<ServiceReport>& services) {
  std::set<std::string> notes;
  std::map<Prefix, std::string> owners;
  for (const auto& network : networks) {
    for (const auto& vip : network.subnets) {
      if (isStandIn(vip)) continue;
      const auto [owner, isNew] = owners.try_emplace(vip, network.name);
      if (isNew) continue;
      notes.insert(
          fmt::format("networks {} and {} have the same VIP {}: traffic for one reaches "
                      "the other's containers",
                      owner->second, network.name, vip.address().toString()));
    }
    for (const auto& service : services) {
      if (service.virtualIp && service.networks.count(network.id) > 0) {
        notes.insert(virtualIpNote(service, network));
      }
    }
  }
  return notes;
}

}  // namespace bgplb::core
