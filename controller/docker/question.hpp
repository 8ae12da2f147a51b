#pragma once
// The queries to the Docker API and their answers, as values. EngineDialogue decides which queries
// are sent when; EngineSync sends them. Pure.

#include "core/fold.hpp"
#include "core/swarm.hpp"
#include "docker/engine_codec.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace bgplb::docker {

struct InspectPlugin {  // GET /plugins/{id}/json
  std::string id;
  friend bool operator==(const InspectPlugin&, const InspectPlugin&) = default;
};
struct ListNetworks {  // GET /networks
  friend bool operator==(const ListNetworks&, const ListNetworks&) = default;
};
struct ListContainers {  // GET /containers/json: running, paused and restarting containers
  friend bool operator==(const ListContainers&, const ListContainers&) = default;
};
struct ListServices {  // GET /services
  friend bool operator==(const ListServices&, const ListServices&) = default;
};
struct InspectContainer {  // GET /containers/{id}/json
  ContainerId id;
  friend bool operator==(const InspectContainer&, const InspectContainer&) = default;
};
struct InspectNetwork {  // GET /networks/{id}
  NetworkId id;
  friend bool operator==(const InspectNetwork&, const InspectNetwork&) = default;
};
struct FindMember {  // GET /networks/{id}: the IPv6 address of one container on it
  NetworkId network;
  ContainerId member;
  friend bool operator==(const FindMember&, const FindMember&) = default;
};

using Question = std::variant<InspectPlugin, ListNetworks, ListContainers, ListServices,
                              InspectContainer, InspectNetwork, FindMember>;

using Answer = std::variant<std::string,                         // InspectPlugin: the plugin's name
                            std::vector<core::NetworkReport>,    // ListNetworks
                            std::vector<core::ListedContainer>,  // ListContainers
                            std::vector<core::ServiceReport>,    // ListServices
                            core::ContainerReport,               // InspectContainer
                            core::NetworkReport,                 // InspectNetwork
                            Address>;                            // FindMember

// A query to send. `number` identifies it when its answer is passed to EngineDialogue::answered().
struct Call {
  std::uint64_t number = 0;
  Question question;
};

// The path of the GET request, without the API version.
std::string pathOf(const Question& question);
// Decodes the body of a 2xx reply to the query.
Result<Answer> parseAnswer(const Question& question, std::string_view body);

}  // namespace bgplb::docker
