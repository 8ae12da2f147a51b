#include "core/answering.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bgplb::core {

namespace {

constexpr unsigned kStrict = 1;  // rp_filter (RFC 3704)

bool hasSubnet(const DockerBridge& bridge, Family family) {
  return std::any_of(bridge.subnets.begin(), bridge.subnets.end(),
                     [family](const Prefix& subnet) { return subnet.family() == family; });
}

const DockerBridge* swarmGateway(const Facts& facts) {
  for (const auto& [id, bridge] : facts.bridges) {
    if (bridge.link == kSwarmGatewayBridge) return &bridge;
  }
  return nullptr;
}

// A network of another driver (macvlan, overlay) does not replace docker_gwbridge.
bool leavesByBridge(const Facts& facts, const Container& container) {
  return std::any_of(container.others.begin(), container.others.end(), [&facts](auto& other) {
    const auto bridge = facts.bridges.find(other.first);
    return bridge != facts.bridges.end() && !bridge->second.internal;
  });
}

bool hasWayBack(const Facts& facts, const Container& container, Family family) {
  for (const auto& [network, families] : container.others) {
    const auto bridge = facts.bridges.find(network);
    if (bridge != facts.bridges.end() && bridge->second.internal) continue;
    if (families.empty() || families.contains(family)) return true;
  }
  if (leavesByBridge(facts, container)) return false;
  const auto* gateway = swarmGateway(facts);
  return gateway == nullptr || hasSubnet(*gateway, family);
}

}  // namespace

bool needsUnknownGateway(const Facts& facts, const Container& container) {
  const auto hasIpv6 = [&facts](const auto& attachment) {
    const auto network = facts.networks.find(attachment.first);
    return network != facts.networks.end() && network->second.vip6;
  };
  return std::any_of(container.attached.begin(), container.attached.end(), hasIpv6) &&
         !leavesByBridge(facts, container) && swarmGateway(facts) == nullptr;
}

std::string cannotAnswer(const Facts& facts, const EndpointId& id, Family family) {
  const auto endpoint = facts.endpoints.find(id);
  if (endpoint == facts.endpoints.end() || !endpoint->second.container) return {};
  const auto found = facts.containers.find(*endpoint->second.container);
  if (found == facts.containers.end() || !found->second.asked) return {};
  const Container& container = found->second;
  const char* const name = family == Family::V4 ? "IPv4" : "IPv6";
  const auto& families = endpoint->second.families;
  if (!families.empty() && !families.contains(family)) {
    return fmt::format("container {} does not have the {} VIP", container.name, name);
  }
  if (family == Family::V6 && container.ipv6Disabled) {
    return fmt::format("IPv6 is disabled in container {}", container.name);
  }
  // The kernel uses the greater of the link's value and the value of "all".
  const unsigned filter = std::max(endpoint->second.reversePathFilter, container.reversePathFilter);
  if (family == Family::V4 && filter == kStrict) {
    return fmt::format(
        "container {} drops requests to the VIP, because its rp_filter is strict, as "
        "net.ipv4.conf.default.rp_filter of the host is; start it with --sysctl "
        "net.ipv4.conf.all.rp_filter=2",
        container.name);
  }
  if (hasWayBack(facts, container, family)) return {};
  return fmt::format("container {} has no network over which it can reply to {} clients",
                     container.name, name);
}

}  // namespace bgplb::core
