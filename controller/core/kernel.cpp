#include "core/kernel.hpp"

#include <fmt/format.h>

namespace bgplb::core {

namespace {

constexpr std::string_view kVethHostPrefix = "bgl";
constexpr std::string_view kVethContainerPrefix = "bgc";

template <typename... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <typename... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

}  // namespace

std::string bridgeName(const NetworkId& network) {
  return fmt::format("{}{}", kBridgePrefix, network.value.substr(0, 9));
}

std::string vethHostName(const EndpointId& endpoint) {
  return fmt::format("{}{}", kVethHostPrefix, endpoint.value.substr(0, 12));
}

std::string vethContainerName(const EndpointId& endpoint) {
  return fmt::format("{}{}", kVethContainerPrefix, endpoint.value.substr(0, 12));
}

bool isVethHostName(std::string_view link) {
  return link.size() == kVethHostPrefix.size() + 12 && link.starts_with(kVethHostPrefix) &&
         link.find_first_not_of("0123456789abcdef", kVethHostPrefix.size()) == std::string::npos;
}

std::string toText(const Action& action) {
  return std::visit(
      Overloaded{
          [](const BridgeAdd& a) { return fmt::format("link add {} type bridge mtu {}", a.name, a.mtu); },
          [](const VethAdd& a) {
            return fmt::format("link add {} master {} mtu {} type veth peer {}", a.host, a.bridge,
                               a.mtu, a.container);
          },
          [](const LinkDel& a) { return fmt::format("link del {}", a.name); },
          [](const RouteReplace& a) {
            return fmt::format("route replace {} dev {}", a.destination.toString(), a.dev);
          },
          [](const RouteDel& a) {
            return fmt::format("route del {} dev {}", a.destination.toString(), a.dev);
          },
          [](const NeighReplace& a) {
            return fmt::format("neigh replace {} lladdr {} dev {} nud permanent",
                               a.address.toString(), a.mac.toString(), a.dev);
          },
          [](const NeighDel& a) {
            return fmt::format("neigh del {} dev {}", a.address.toString(), a.dev);
          },
      },
      action);
}

std::vector<Action> plan(const std::string& bridge, const KernelNetwork& desired,
                         const KernelNetwork& observed,
                         const std::map<std::string, std::string>& containerEnds) {
  std::vector<Action> actions;
  // Removals first, routes before what they need. The bridge takes its routes, neighbours and ports
  // with it in the kernel, but a veth pair outlives its bridge.
  for (const auto& route : observed.routes) {
    if (desired.routes.count(route) == 0) actions.push_back(RouteDel{route, bridge});
  }
  for (const auto& [address, mac] : observed.neighbors) {
    if (desired.neighbors.count(address) == 0) actions.push_back(NeighDel{address, bridge});
  }
  for (const auto& veth : observed.veths) {
    if (desired.veths.count(veth) == 0) actions.push_back(LinkDel{veth});
  }
  if (observed.bridge && !desired.bridge) actions.push_back(LinkDel{bridge});

  if (desired.bridge && (!observed.bridge || desired.mtu != observed.mtu)) {
    actions.push_back(BridgeAdd{bridge, desired.mtu});
  }
  for (const auto& veth : desired.veths) {
    if (observed.veths.count(veth) > 0) continue;
    const auto container = containerEnds.find(veth);
    if (container == containerEnds.end()) continue;
    actions.push_back(VethAdd{veth, container->second, bridge, desired.mtu});
  }
  for (const auto& [address, mac] : desired.neighbors) {
    const auto found = observed.neighbors.find(address);
    if (found == observed.neighbors.end() || found->second != mac) {
      actions.push_back(NeighReplace{address, mac, bridge});
    }
  }
  for (const auto& route : desired.routes) {
    if (observed.routes.count(route) == 0) actions.push_back(RouteReplace{route, bridge});
  }
  return actions;
}

}  // namespace bgplb::core
