#include "core/neighbors_to_prime.hpp"

#include <algorithm>

namespace bgplb::core {

namespace {

bool hasIpv6(const DockerBridge& bridge) {
  return std::any_of(bridge.subnets.begin(), bridge.subnets.end(),
                     [](const Prefix& subnet) { return subnet.family() == Family::V6; });
}

}  // namespace

NeighborsToPrime neighborsToPrime(const Facts& facts, const ContainerReport& started) {
  NeighborsToPrime toPrime;
  bool backend = false;
  for (const auto& attachment : started.attachments) {
    backend = backend || facts.networks.contains(attachment.network);
    if (attachment.address6 && facts.bridges.contains(attachment.network)) {
      toPrime.addresses.push_back(*attachment.address6);
    }
  }
  if (!backend) return {};
  if (!toPrime.addresses.empty()) return toPrime;
  for (const auto& [id, bridge] : facts.bridges) {
    if (bridge.link == kSwarmGatewayBridge && hasIpv6(bridge)) toPrime.unresolved = id;
  }
  return toPrime;
}

}  // namespace bgplb::core
