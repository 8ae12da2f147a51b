#pragma once
// What dockerd's API answers and reports, as values. Pure.

#include "core/swarm.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bgplb::docker {

// GET /networks and GET /networks/{id}. Subnets are made canonical (2001:db8::0/64 -> 2001:db8::/64).
Result<std::vector<core::NetworkReport>> parseNetworkList(std::string_view body);
Result<core::NetworkReport> parseNetworkInspect(std::string_view body);

// The same: the IPv6 address of one container on the network. NotFound: not attached, or without one.
Result<Address> parseMemberAddress6(std::string_view networkInspect, const ContainerId& member);

// GET /containers/json.
Result<std::vector<core::ListedContainer>> parseContainerList(std::string_view body);
// GET /containers/{id}/json.
Result<core::ContainerReport> parseContainerInspect(std::string_view body);

// GET /services, which only a Swarm manager answers.
Result<std::vector<core::ServiceReport>> parseServiceList(std::string_view body);

// GET /plugins/{id}/json: the name by which networks name it as driver, with its tag.
Result<std::string> parsePluginName(std::string_view body);

// One line of GET /events.
struct EngineEvent {
  std::string type;    // container, network, service
  std::string action;  // "start", "health_status: healthy", ...
  std::string id;      // Actor.ID
  std::map<std::string, std::string> attributes;
  std::int64_t timeNano = 0;
  std::string attribute(const std::string& name) const;  // Actor.Attributes; empty: not there
};
Result<EngineEvent> parseEvent(std::string_view line);

// "SIGUSR2", "USR2", "12", "SIGRTMIN+3" (moby's pkg/signal); 0 if it is none.
int parseSignal(std::string_view text);

}  // namespace bgplb::docker
