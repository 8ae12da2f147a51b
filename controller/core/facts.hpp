#pragma once
// Everything dockerd reported: by its plugin calls, in its lists and as events. Facts are values;
// only fold.hpp changes them, readiness.hpp and desired.hpp conclude from them.

#include "base/address.hpp"
#include "base/ids.hpp"
#include "core/flapping.hpp"
#include "core/network_options.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace bgplb::core {

// Counts the events and plugin calls. An object carries the revision of its last change, so that an
// answer of dockerd's, which carries the revision at which it was requested, can be told to be
// older.
using Revision = std::uint64_t;

// One VIP network: a VIP per family and the backends behind it.
struct Network {
  std::string name;  // as in `docker network ls`; empty until dockerd has listed the network
  std::optional<Prefix> vip4;
  std::optional<Prefix> vip6;
  NetworkOptions options;  // of `docker network create -o`
  std::set<EndpointId> endpoints;
  bool listed = false;  // in dockerd's last full list

  std::vector<Prefix> vips() const;
};

enum class LinkState {
  Created,  // CreateEndpoint came, Join did not
  Joining,  // Join wants the veth pair now
  Joined,   // dockerd has the container end
  Left,     // Leave came: the process is gone or the network was disconnected
};

// A backend: one container's endpoint on one VIP network.
struct Endpoint {
  NetworkId network;
  std::optional<MacAddress> mac;
  LinkState link = LinkState::Created;
  std::optional<ContainerId> container;  // from dockerd's answers: no plugin call names it
};

enum class RunState { Running, Paused, Stopped };
enum class Health { None, Starting, Healthy, Unhealthy };  // None: the image has no health check

// A drain begun by SIGUSR2. It ends when the container next starts, or when dockerd reports the
// container on no VIP network.
struct Drain {
  TimePoint terminateAt;    // SIGTERM is due then
  bool terminate = true;    // SIGUSR2_ACTION=stop
  bool terminated = false;  // SIGTERM was sent
  friend bool operator==(const Drain&, const Drain&) = default;
};

struct Container {
  std::string name;
  RunState run = RunState::Running;
  Health health = Health::None;
  bool asked = false;  // inspected in this run of the container; until then nothing is concluded
  // This program got the `start` event: no former controller announced this run.
  bool startSeen = false;
  int stopSignal = 15;                     // Config.StopSignal, SIGTERM if none
  std::chrono::seconds stopTimeout{10};    // Config.StopTimeout
  std::optional<TimePoint> stoppingUntil;  // it got its stop signal or SIGKILL; then judged anew
  std::optional<Drain> drain;
  Flapping flapping;
  // State.StartedAt, which tells one run from the next; empty: not inspected.
  std::string startedAt;
  Revision changedIn = 0;   // of the last event
  Revision detachedIn = 0;  // of the last DeleteEndpoint or `disconnect` event
  bool missed = false;      // stopped, and not in the last full list
  std::map<NetworkId, EndpointId> attached;  // VIP networks
  std::set<NetworkId> others;                // other networks: their bridges carry the replies
};

// Docker attaches a container without external connectivity to this bridge; `docker inspect` of the
// container does not show it.
inline constexpr const char* kSwarmGatewayBridge = "docker_gwbridge";

// A Docker network with the bridge driver. With the label bgplb_advertise=true it is a gateway
// bridge and its subnets are announced.
struct DockerBridge {
  std::string name;
  std::string link;  // com.docker.network.bridge.name, or br-<first 12 characters of the id>
  bool advertise = false;
  std::vector<Prefix> subnets;
  friend bool operator==(const DockerBridge&, const DockerBridge&) = default;
};

// A drain that a former run of this program began. It holds for the run of the container it was
// begun in, identified by its start time.
struct FormerDrain {
  Drain drain;
  std::string startedAt;
  friend bool operator==(const FormerDrain&, const FormerDrain&) = default;
};

struct Facts {
  std::map<NetworkId, Network> networks;
  std::map<Prefix, std::set<NetworkId>> byVip;  // of the networks: more than one is a conflict
  std::map<EndpointId, Endpoint> endpoints;
  std::map<ContainerId, Container> containers;
  std::map<NetworkId, DockerBridge> bridges;
  std::set<ContainerId> draining;                   // of the containers: drained and not ended yet
  std::map<ContainerId, FormerDrain> formerDrains;  // until dockerd has said how they do

  Revision revision = 0;
  // VIP networks and bridges, removed ones included.
  std::map<NetworkId, Revision> networkChangedIn;

  // Start-up (docs/architecture.md).
  bool listed = false;  // full lists were read: what they do not hold does not exist
  // Dockerd had its time to answer for the containers on the first lists.
  bool firstRoundOver = false;
};

// The VIP networks that a change of the facts may concern.
using Touched = std::set<NetworkId>;

}  // namespace bgplb::core
