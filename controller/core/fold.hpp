#pragma once
// Changes to the facts. Each function takes one thing we were told and returns the LB networks it
// may concern; it never fails, because what Docker says happened has happened. Unknown ids are
// created on the way: dockerd replays no CreateNetwork after a restart.

#include "core/facts.hpp"

namespace bgplb::core {

using Touched = std::set<NetworkId>;

// What GET /containers/json and GET /containers/{id}/json say of one container.
struct ContainerReport {
  ContainerId id;
  std::string name;
  RunState run = RunState::Stopped;
  Health health = Health::None;
  int stopSignal = 15;
  std::chrono::seconds stopTimeout{10};
  std::string startedAt;
  struct Attachment {
    NetworkId network;
    EndpointId endpoint;
    std::optional<MacAddress> mac;
    std::optional<Address> address6;
  };
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

// --- the plugin calls -------------------------------------------------------------------------
Touched networkCreated(Facts& facts, const NetworkId& id, std::optional<Prefix> vip4,
                       std::optional<Prefix> vip6, const NetworkOptions& options = {});
Touched networkDeleted(Facts& facts, const NetworkId& id);
// Addresses come with it, so that a network nobody told us about is made good.
Touched endpointCreated(Facts& facts, const NetworkId& network, const EndpointId& id,
                        std::optional<Address> address4, std::optional<Address> address6,
                        std::optional<MacAddress> mac);
Touched endpointLink(Facts& facts, const EndpointId& id, LinkState state);
Touched endpointDeleted(Facts& facts, const EndpointId& id);

// --- the engine's lists -----------------------------------------------------------------------
// `ours`: the network was made with this plugin as its driver. A cluster-wide one is on this host only
// if a call of dockerd's or a container here says so: nothing is made for one that is not.
Touched networkReported(Facts& facts, const NetworkReport& report, bool ours);
// Networks of the engine's that a full list no longer holds. `inUse`: those that containers are on.
Touched networksReported(Facts& facts, const std::vector<NetworkReport>& all,
                         const std::set<NetworkId>& ours, const std::set<NetworkId>& inUse = {});
Touched containerReported(Facts& facts, const ContainerReport& report, TimePoint now);
// How many events each known container has had: an answer to a question asked before is older than
// an event that came since.
using EventCounts = std::map<ContainerId, std::uint64_t>;
EventCounts eventCounts(const Facts& facts);
// A full list: containers that are not in it are not running, unless an event says otherwise since
// the list was asked for.
Touched containersListed(Facts& facts, const std::set<ContainerId>& running,
                         const EventCounts& whenAsked, TimePoint now);

// --- the engine's events ----------------------------------------------------------------------
// The engine must be asked next.
Touched containerStarted(Facts& facts, const ContainerId& id, TimePoint now);
Touched containerDied(Facts& facts, const ContainerId& id, TimePoint now);
Touched containerDestroyed(Facts& facts, const ContainerId& id);
Touched containerPaused(Facts& facts, const ContainerId& id, bool paused, TimePoint now);
Touched containerHealth(Facts& facts, const ContainerId& id, Health health, TimePoint now);
// Withdraws at once for SIGKILL and for the container's own stop signal.
Touched containerSignalled(Facts& facts, const ContainerId& id, int signal, TimePoint now);
Touched containerDrained(Facts& facts, const ContainerId& id, const Drain& drain);
// Connected to a network or disconnected from one; which endpoint, the engine must be asked.
void containerAttachmentsChanged(Facts& facts, const ContainerId& id);
Touched bridgeDestroyed(Facts& facts, const NetworkId& id);

}  // namespace bgplb::core
