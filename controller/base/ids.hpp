#pragma once
// Docker's identifiers, each a type of its own so that one cannot be passed for another.

#include <compare>
#include <string>
#include <utility>

namespace bgplb {

template <typename Tag>
struct Id {
  std::string value;

  Id() = default;
  explicit Id(std::string text) : value(std::move(text)) {}
  bool empty() const { return value.empty(); }
  std::string brief() const { return value.substr(0, 12); }  // as `docker ps` shows it
  friend auto operator<=>(const Id&, const Id&) = default;
};

using NetworkId = Id<struct NetworkTag>;    // 64 hex digits, or 25 base-36 ones for a Swarm network
using EndpointId = Id<struct EndpointTag>;  // 64 hex digits, new at each start of a container
using ContainerId = Id<struct ContainerTag>;

}  // namespace bgplb
