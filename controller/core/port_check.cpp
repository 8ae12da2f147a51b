#include "core/port_check.hpp"

#include "core/namespace_members.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace bgplb::core {

namespace {

struct Exposing {
  std::string_view name;
  ExposedPorts ports;
};

// The servers in the network namespace of a container with the VIP serve the VIP as well.
std::vector<Exposing> exposing(const Facts& facts,
                               const std::map<Family, std::set<EndpointId>>& serving) {
  std::vector<Exposing> containers;
  for (const auto& [family, endpoints] : serving) {
    for (const auto& id : endpoints) {
      const auto endpoint = facts.endpoints.find(id);
      if (endpoint == facts.endpoints.end() || !endpoint->second.container) continue;
      const auto container = facts.containers.find(*endpoint->second.container);
      if (container == facts.containers.end()) continue;
      ExposedPorts ports = container->second.ports;
      for (const auto& member : servingMembers(facts, container->first)) {
        ports = unionOf(std::move(ports), facts.containers.at(member).ports);
      }
      if (!ports.empty()) containers.push_back({container->second.name, std::move(ports)});
    }
  }
  return containers;
}

std::string only(const Exposing& container, const Exposing& other) {
  const auto ports = without(container.ports, other.ports);
  return ports.empty() ? "" : fmt::format("only {}: {}", container.name, toText(ports));
}

}  // namespace

std::string portProblem(const Facts& facts, const std::map<Family, std::set<EndpointId>>& serving) {
  auto containers = exposing(facts, serving);
  const auto differs = [&containers](const Exposing& other) {
    return other.ports != containers.front().ports;
  };
  if (std::none_of(containers.begin(), containers.end(), differs)) return {};
  // The same two containers, whatever their ids.
  std::sort(containers.begin(), containers.end(),
            [](const Exposing& a, const Exposing& b) { return a.name < b.name; });
  const Exposing& first = containers.front();
  const Exposing& second = *std::find_if(containers.begin(), containers.end(), differs);
  const auto one = only(first, second);
  const auto other = only(second, first);
  return fmt::format(
      "containers {} and {} expose different ports ({}{}{}), but each gets connections to every "
      "port of the VIP: run the servers in one network namespace (--network container:NAME)",
      first.name, second.name, one, one.empty() || other.empty() ? "" : "; ", other);
}

}  // namespace bgplb::core
