#pragma once
// What the controller asks dockerd, and the answers, as values. Pure: engine_dialogue.hpp decides
// which questions are asked when, engine_sync.hpp sends them.

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
struct ListContainers {  // GET /containers/json, those that may have a process
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

using Answer = std::variant<std::string,                         // InspectPlugin: its name
                            std::vector<core::NetworkReport>,    // ListNetworks
                            std::vector<core::ListedContainer>,  // ListContainers
                            std::vector<core::ServiceReport>,    // ListServices
                            core::ContainerReport,               // InspectContainer
                            core::NetworkReport,                 // InspectNetwork
                            Address>;                            // FindMember

// A question with the number by which its answer is handed back.
struct Call {
  std::uint64_t number = 0;
  Question question;
};

// The path of the GET request, without the API version.
std::string pathOf(const Question& question);
// The body of a 200 answer, as the type that belongs to the question.
Result<Answer> parseAnswer(const Question& question, std::string_view body);

}  // namespace bgplb::docker
