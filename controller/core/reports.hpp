#pragma once
// The content of dockerd's replies, as values. docker/engine_codec creates them, fold.hpp takes
// them.

#include "core/facts.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace bgplb::core {

// A container's endpoint on a network, from GET /containers/json or GET /containers/{id}/json.
struct Attachment {
  NetworkId network;
  EndpointId endpoint;
  std::optional<MacAddress> mac;
  std::optional<Address> address4;
  std::optional<Address> address6;
};

// One container, from GET /containers/{id}/json.
struct ContainerReport {
  using Attachment = core::Attachment;
  ContainerId id;
  std::string name;
  // Identifies the service: the Swarm service, the Compose service, or the container's name. A
  // replacement has the same value, and takes over the failures of the container that crashed.
  std::string service;
  RunState run = RunState::Stopped;
  Health health = Health::None;
  // Why the last health check could not run; empty: it ran, or none is known. `health` is then the
  // result of the last check that ran, or Unhealthy if none is known.
  std::string checkProblem;
  int stopSignal = 15;
  std::chrono::seconds stopTimeout{10};
  std::string startedAt;
  // HostConfig.Sysctls: net.ipv6.conf.all.disable_ipv6=1, net.ipv4.conf.all.rp_filter=...
  bool ipv6Disabled = false;
  unsigned reversePathFilter = 0;
  ExposedPorts ports;
  // HostConfig.NetworkMode "container:...": whose network namespace it shares; empty: its own.
  std::string namespaceOf;
  bool server = false;  // it has a health check, or the restart policy `always` or `unless-stopped`
  std::vector<Attachment> attachments;
};

// One container, from GET /containers/json.
struct ListedContainer {
  ContainerId id;
  std::string name;
  std::vector<Attachment> attachments;
  std::string namespaceOf{};  // as in ContainerReport
};

// One network, from GET /networks.
struct NetworkReport {
  NetworkId id;
  std::string name;
  std::string driver;
  std::vector<Prefix> subnets;
  std::map<std::string, std::string> labels;
  OptionTexts options;
  // A Swarm network. A manager lists it even if no task of it runs on this host, and does not
  // repeat its CreateNetwork.
  bool clusterWide = false;
  bool internal = false;
};

}  // namespace bgplb::core
