#pragma once
// What dockerd's answers say, as values.

#include "core/facts.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace bgplb::core {

// A container's place on a network, by GET /containers/json or GET /containers/{id}/json.
struct Attachment {
  NetworkId network;
  EndpointId endpoint;
  std::optional<MacAddress> mac;
  std::optional<Address> address6;
};

// What GET /containers/{id}/json says of one container.
struct ContainerReport {
  using Attachment = core::Attachment;
  ContainerId id;
  std::string name;
  RunState run = RunState::Stopped;
  Health health = Health::None;
  int stopSignal = 15;
  std::chrono::seconds stopTimeout{10};
  std::string startedAt;
  std::vector<Attachment> attachments;
};

// What GET /containers/json says of one container.
struct ListedContainer {
  ContainerId id;
  std::string name;
  std::vector<Attachment> attachments;
};

// What GET /networks says of one network.
struct NetworkReport {
  NetworkId id;
  std::string name;
  std::string driver;
  std::vector<Prefix> subnets;
  std::map<std::string, std::string> labels;
  OptionTexts options;
  // Swarm's: a manager lists it whether or not anything of it is on this host, and replays nothing.
  bool clusterWide = false;
};

}  // namespace bgplb::core
