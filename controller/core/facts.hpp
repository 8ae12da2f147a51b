#pragma once
// Everything we were told, by dockerd's plugin calls and by the engine's lists and events. Facts are
// values; fold.hpp changes them, readiness.hpp and desired.hpp conclude from them.

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

// One LB network: a VIP per family and the backends behind it.
struct Network {
  std::string name;  // as in `docker network ls`; empty until the engine was asked
  std::optional<Prefix> vip4;
  std::optional<Prefix> vip6;
  NetworkOptions options;  // of `docker network create -o`
  std::set<EndpointId> endpoints;
  bool listed = false;  // in the engine's last full list

  std::vector<Prefix> vips() const;
};

enum class LinkState {
  Created,  // CreateEndpoint came, Join did not
  Joining,  // Join wants the veth pair now
  Joined,   // dockerd has the container end
  Left,     // Leave came: the process is gone or the network was disconnected
};

// A backend: one container's endpoint on one LB network.
struct Endpoint {
  NetworkId network;
  std::optional<MacAddress> mac;
  LinkState link = LinkState::Created;
  std::optional<ContainerId> container;  // known once the engine was asked after Join
};

enum class RunState { Running, Paused, Stopped };
enum class Health { None, Starting, Healthy, Unhealthy };  // None: the image has no health check

// A drain begun by SIGUSR2. It ends when the container next starts, and only then.
struct Drain {
  TimePoint terminateAt;      // SIGTERM is due then
  bool terminate = true;      // SIGUSR2_ACTION=stop
  bool terminated = false;    // SIGTERM was sent
};

struct Container {
  std::string name;
  RunState run = RunState::Running;
  Health health = Health::None;
  bool asked = false;  // the engine has answered for this run; until then nothing is concluded
  int stopSignal = 15;                     // Config.StopSignal, SIGTERM if none
  std::chrono::seconds stopTimeout{10};    // Config.StopTimeout
  std::optional<TimePoint> stoppingUntil;  // it got its stop signal or SIGKILL; then judged anew
  std::optional<Drain> drain;
  Flapping flapping;
  std::string startedAt;      // State.StartedAt, which tells one run from the next; empty: not asked
  std::uint64_t events = 0;   // how many events came: an answer older than the last is asked again
  std::map<NetworkId, EndpointId> attached;  // LB networks
  std::set<NetworkId> others;                // other networks: their bridges carry the replies
};

// The bridge that Docker attaches containers to which have no other way out, without naming it in their
// description.
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
// begun in, told by its start time.
struct FormerDrain {
  Drain drain;
  std::string startedAt;
};

struct Facts {
  FlapPolicy flapPolicy;  // the operator's settings
  std::map<NetworkId, Network> networks;
  std::map<Prefix, std::set<NetworkId>> byVip;  // of the networks: more than one is a conflict
  std::map<EndpointId, Endpoint> endpoints;
  std::map<ContainerId, Container> containers;
  std::map<NetworkId, DockerBridge> bridges;
  std::map<ContainerId, FormerDrain> formerDrains;  // until the engine has said how they do
  bool engineAsked = false;  // one full list was read: what is missing from it is not there
};

}  // namespace bgplb::core
