#pragma once
// Docker's identifiers. Each kind has its own type, so that the compiler rejects one in place of
// another.

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
  std::string brief() const { return value.substr(0, 12); }  // the short form of `docker ps`
  friend auto operator<=>(const Id&, const Id&) = default;
};

using NetworkId = Id<struct NetworkTag>;    // 64 hex digits, or 25 base-36 ones for a Swarm network
using EndpointId = Id<struct EndpointTag>;  // 64 hex digits, new at each start of a container
using ContainerId = Id<struct ContainerTag>;

}  // namespace bgplb
