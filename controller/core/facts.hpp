#pragma once
// Everything that dockerd reported in plugin calls, lists and events, as values. The reconciler
// owns the one instance. Only the functions of fold.hpp change it; readiness.hpp and desired.hpp
// derive from it.

#include "base/address.hpp"
#include "base/ids.hpp"
#include "core/ended_failures.hpp"
#include "core/exposed_ports.hpp"
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

// Counts the events and plugin calls. An object has the revision of its last change, and a reply of
// dockerd has the revision at which it was requested. So a reply that is older than the object's
// last change can be recognised.
using Revision = std::uint64_t;

// One VIP network: a VIP per family and the backends behind it.
struct Network {
  std::string name;  // as in `docker network ls`; empty until dockerd has reported the network
  std::optional<Prefix> vip4;
  std::optional<Prefix> vip6;
  NetworkOptions options;  // from `docker network create -o`
  // Subnets that dockerd reported and that cannot be VIPs: not one address, or not usable unicast.
  std::set<Prefix> unusable;
  std::set<EndpointId> endpoints;
  bool listed = false;  // contained in dockerd's last full list

  std::vector<Prefix> vips() const;
};

enum class LinkState {
  Created,  // CreateEndpoint was called, Join was not
  Joining,  // Join is in progress and needs the veth pair
  Joined,   // dockerd has the container end
  Left,     // Leave was called: the process has ended or the network was disconnected
};

// A backend: one container's endpoint on one VIP network.
struct Endpoint {
  NetworkId network;
  std::optional<MacAddress> mac;
  LinkState link = LinkState::Created;
  // False: the container set its interface down, so no packet reaches the container.
  bool carrier = true;
  std::optional<ContainerId> container;  // from dockerd's replies; no plugin call contains it
  std::set<Family> families;             // of the VIPs that it has; empty: not known
  unsigned reversePathFilter = 0;        // rp_filter of vip0: 0 off or not known, 1 strict, 2 loose
};

enum class RunState { Running, Paused, Stopped };
enum class Health { None, Starting, Healthy, Unhealthy };  // None: the image has no health check

// A drain that SIGUSR2 began. It ends when the container starts again, or when dockerd reports that
// the container is on no VIP network.
struct Drain {
  TimePoint terminateAt;    // when to send the final signal (core/signals.hpp)
  bool terminate = true;    // SIGUSR2_ACTION=stop
  bool terminated = false;  // it was sent
  friend bool operator==(const Drain&, const Drain&) = default;
};

struct Container {
  std::string name;
  RunState run = RunState::Running;
  Health health = Health::None;
  bool asked = false;  // inspected in this run of the container; before, its state is unknown
  // This program received the `start` event, so no previous controller announced this run.
  bool startSeen = false;
  int stopSignal = 15;                   // Config.StopSignal; SIGTERM if not set
  std::chrono::seconds stopTimeout{10};  // Config.StopTimeout
  // End of the stop timeout after a request to stop (core/signals.hpp). A container that still runs
  // then is evaluated like any other.
  std::optional<TimePoint> stoppingUntil;
  std::optional<Drain> drain;
  Flapping flapping;
  // ContainerReport::service and a VIP network; empty: nothing replaces the container.
  std::string service;
  // State.StartedAt, which identifies a run of the container; empty: not inspected.
  std::string startedAt;
  Revision changedIn = 0;                    // of the last event
  Revision detachedIn = 0;                   // of the last DeleteEndpoint or `disconnect` event
  bool missed = false;                       // stopped, and missing in the last full list
  std::map<NetworkId, EndpointId> attached;  // to VIP networks
  // Other networks, whose bridges carry the replies, and the families of the addresses there.
  std::map<NetworkId, std::set<Family>> others;
  bool ipv6Disabled = false;  // by a sysctl of the container
  // The container on a VIP network whose network namespace it shares (core/namespace_members.hpp).
  std::optional<ContainerId> holder;
  std::optional<bool> server;  // ContainerReport::server; none: never inspected
  // A server that shared its namespace in this run, and was removed.
  std::string lostMember;
  unsigned reversePathFilter = 0;  // by a sysctl of the container: net.ipv4.conf.all.rp_filter
  ExposedPorts ports;              // empty: none is declared, or not inspected
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
  bool internal = false;  // `docker network create --internal`: it leads nowhere
  std::vector<Prefix> subnets;
  friend bool operator==(const DockerBridge&, const DockerBridge&) = default;
};

// A Docker network that neither this plugin nor the bridge driver has. If its driver is another
// instance of the plugin, it has VIPs and a bridge on this host, too.
struct OtherNetwork {
  std::string name;
  std::string driver;
  std::vector<Prefix> subnets;
  friend bool operator==(const OtherNetwork&, const OtherNetwork&) = default;
};

// A drain that a previous run of this program began. It is valid only for the run of the container
// in which it began, identified by the start time.
struct FormerDrain {
  Drain drain;
  std::string startedAt;
  friend bool operator==(const FormerDrain&, const FormerDrain&) = default;
};

struct Facts {
  std::map<NetworkId, Network> networks;
  std::map<Prefix, std::set<NetworkId>> byVip;  // index of `networks`; two networks are a conflict
  std::map<EndpointId, Endpoint> endpoints;
  std::map<ContainerId, Container> containers;
  std::map<NetworkId, DockerBridge> bridges;
  std::map<Prefix, std::set<NetworkId>> bySubnet;        // index of `bridges`
  std::map<NetworkId, OtherNetwork> others;              // empty until our own driver name is known
  std::map<ContainerId, std::set<ContainerId>> members;  // index of `containers`, by holder
  std::set<ContainerId> draining;  // the drained containers that have not ended yet
  // From the state file; each entry stays until dockerd has reported its container or listed the
  // containers without it.
  std::map<ContainerId, FormerDrain> formerDrains;
  EndedFailures endedFailures;

  Revision revision = 0;
  // Last change of each VIP network and bridge, including removed ones.
  std::map<NetworkId, Revision> networkChangedIn;

  // Start-up (docs/architecture.md).
  bool listed = false;  // full lists were read; objects that they do not contain do not exist
  // Dockerd has answered for the containers of the first lists, or this wait has timed out.
  bool firstRoundOver = false;
};

// The VIP networks that a change of the facts may affect: the dirty ones.
using Touched = std::set<NetworkId>;

}  // namespace bgplb::core
