#pragma once
// Decodes the replies and events of the Docker API (JSON). Used by question.cpp and EngineSync.
// Pure.

#include "core/swarm.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bgplb::docker {

// GET /networks and GET /networks/{id}. Subnets are returned in canonical form
// (2001:db8::0/64 -> 2001:db8::/64).
Result<std::vector<core::NetworkReport>> parseNetworkList(std::string_view body);
Result<core::NetworkReport> parseNetworkInspect(std::string_view body);

// GET /networks/{id}: the IPv6 address of one container on the network. NotFound: the container is
// not attached, or it has no IPv6 address.
Result<Address> parseMemberAddress6(std::string_view networkInspect, const ContainerId& member);

// GET /containers/json.
Result<std::vector<core::ListedContainer>> parseContainerList(std::string_view body);
// GET /containers/{id}/json.
Result<core::ContainerReport> parseContainerInspect(std::string_view body);

// GET /services, which only a Swarm manager answers.
Result<std::vector<core::ServiceReport>> parseServiceList(std::string_view body);

// GET /plugins/{id}/json: the plugin's name with its tag. Networks refer to their driver by it.
Result<std::string> parsePluginName(std::string_view body);

// One line of GET /events.
struct EngineEvent {
  std::string type;    // container, network, service
  std::string action;  // "start", "health_status: healthy", ...
  std::string id;      // Actor.ID
  std::map<std::string, std::string> attributes;
  std::int64_t timeNano = 0;
  std::string attribute(const std::string& name) const;  // Actor.Attributes; empty if absent
};
Result<EngineEvent> parseEvent(std::string_view line);

// "SIGUSR2", "USR2", "12", "SIGRTMIN+3" (moby's pkg/signal). 0: not a signal.
int parseSignal(std::string_view text);

}  // namespace bgplb::docker
