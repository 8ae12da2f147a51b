#include "core/port_check.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bgplb::core {

namespace {

using Containers = std::vector<const Container*>;

Containers exposing(const Facts& facts, const std::map<Family, std::set<EndpointId>>& serving) {
  Containers containers;
  for (const auto& [family, endpoints] : serving) {
    for (const auto& id : endpoints) {
      const auto endpoint = facts.endpoints.find(id);
      if (endpoint == facts.endpoints.end() || !endpoint->second.container) continue;
      const auto container = facts.containers.find(*endpoint->second.container);
      if (container == facts.containers.end() || container->second.ports.empty()) continue;
      containers.push_back(&container->second);
    }
  }
  return containers;
}

std::string only(const Container& container, const Container& other) {
  const auto ports = without(container.ports, other.ports);
  return ports.empty() ? "" : fmt::format("only {}: {}", container.name, toText(ports));
}

}  // namespace

std::string portProblem(const Facts& facts, const std::map<Family, std::set<EndpointId>>& serving) {
  auto containers = exposing(facts, serving);
  const auto differs = [&containers](const Container* other) {
    return other->ports != containers.front()->ports;
  };
  if (std::none_of(containers.begin(), containers.end(), differs)) return {};
  // The same two containers, whatever their ids.
  std::sort(containers.begin(), containers.end(),
            [](const Container* a, const Container* b) { return a->name < b->name; });
  const Container& first = *containers.front();
  const Container& second = **std::find_if(containers.begin(), containers.end(), differs);
  const auto one = only(first, second);
  const auto other = only(second, first);
  return fmt::format(
      "containers {} and {} expose different ports ({}{}{}), but each gets connections to every "
      "port of the VIP: run the servers in one network namespace (--network container:NAME)",
      first.name, second.name, one, one.empty() || other.empty() ? "" : "; ", other);
}

}  // namespace bgplb::core
