#include "core/greeting.hpp"

#include <algorithm>

namespace bgplb::core {

namespace {

bool hasIpv6(const DockerBridge& bridge) {
  return std::any_of(bridge.subnets.begin(), bridge.subnets.end(),
                     [](const Prefix& subnet) { return subnet.family() == Family::V6; });
}

}  // namespace

Greeting greetingFor(const Facts& facts, const ContainerReport& started) {
  Greeting greeting;
  bool backend = false;
  for (const auto& attachment : started.attachments) {
    backend = backend || facts.networks.contains(attachment.network);
    if (attachment.address6 && facts.bridges.contains(attachment.network)) {
      greeting.addresses.push_back(*attachment.address6);
    }
  }
  if (!backend) return {};
  if (!greeting.addresses.empty()) return greeting;
  for (const auto& [id, bridge] : facts.bridges) {
    if (bridge.link == kSwarmGatewayBridge && hasIpv6(bridge)) greeting.unnamed = id;
  }
  return greeting;
}

}  // namespace bgplb::core
