#pragma once
// The content of GET /status. The controller writes it (status_page.cpp), and `bgplb status` reads
// it with the same definition. A member's name is its JSON key. Users' programs read the keys, so a
// key is never renamed and its meaning never changes.

#include "base/result.hpp"
#include "json/describe.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bgplb::ops {

// Only `problem` is set while BIRD does not answer.
struct BirdStatus {
  std::optional<std::string> version;  // 2.17.5
  std::optional<int> pid;
  // Graceful-restart recovery (RFC 4724): BIRD exports no route before it has received End-of-RIB
  // from its peers.
  std::optional<bool> recovering;
  std::optional<std::uint64_t> reconfigurations;  // since the controller started
  std::string problem;                            // empty: none
};
BOOST_DESCRIBE_STRUCT(BirdStatus, (), (version, pid, recovering, reconfigurations, problem))

struct EngineStatus {
  bool following = false;  // the event stream of the Docker API is open, and dockerd answers
};
BOOST_DESCRIBE_STRUCT(EngineStatus, (), (following))

struct FirewallStatus {
  std::string flavour;  // "nft", "legacy", "nft+legacy"; empty: none of our rules exists
  bool ipv4 = false;    // our rules are in place
  bool ipv6 = false;
  std::string problem;
  bool marks = false;  // connection marks keep connections on their backend
  std::string marksProblem;
  std::string obstacles;  // rules of other programs that may stop packets to VIPs
};
BOOST_DESCRIBE_STRUCT(FirewallStatus, (),
                      (flavour, ipv4, ipv6, problem, marks, marksProblem, obstacles))

struct PeerStatus {
  std::string name;     // of BIRD's protocol
  std::string address;  // in BIRD's notation
  std::uint32_t as = 0;
  std::string state;  // of the session (RFC 4271, section 8.2.2)
  std::string since;  // 2026-11-22T20:25:41+0000
  std::string lastError;
  std::vector<std::string> exported;  // prefixes
};
BOOST_DESCRIBE_STRUCT(PeerStatus, (), (name, address, as, state, since, lastError, exported))

// A container in the network namespace of a backend.
struct MemberStatus {
  std::string container;    // name
  std::string containerId;  // empty: it was removed
  std::string state;        // docs/operations.md, "Containers in the namespace of a backend"
  std::string health;       // as in BackendStatus
};
BOOST_DESCRIBE_STRUCT(MemberStatus, (), (container, containerId, state, health))

struct BackendStatus {
  std::string endpoint;   // id
  std::string state;      // docs/operations.md, "States of a backend"
  std::string container;  // name; empty while it is unknown
  std::string health;     // none, starting, healthy, unhealthy
  std::optional<std::string> containerId;
  std::optional<unsigned> failures;  // consecutive failures of the container (RISE_TIME, HOLD_DOWN)
  std::optional<double> secondsLeft;  // until a rising or held-down backend can become ready
  std::optional<std::vector<MemberStatus>> members;  // none: it has its namespace for itself
};
BOOST_DESCRIBE_STRUCT(BackendStatus, (),
                      (endpoint, state, container, health, containerId, failures, secondsLeft,
                       members))

struct VipStatus {
  std::string vip;      // 10.0.0.101/32
  std::string network;  // name; first 12 characters of the ID while the name is unknown
  std::string networkId;
  std::string bridge;
  Nullable<std::uint32_t> weight;       // null: the network has no weight
  bool hostRoute = false;               // the host route is installed
  std::vector<std::string> exportedTo;  // addresses of peers, as BIRD reports them
  std::string problem;
  std::vector<BackendStatus> backends;
};
BOOST_DESCRIBE_STRUCT(VipStatus, (),
                      (vip, network, networkId, bridge, weight, hostRoute, exportedTo, problem,
                       backends))

struct GatewayStatus {
  std::string subnet;
  std::string network;
  std::string link;
  std::vector<std::string> exportedTo;
  std::string problem;  // why the subnet is not announced; empty: none
};
BOOST_DESCRIBE_STRUCT(GatewayStatus, (), (subnet, network, link, exportedTo, problem))

struct StatusPage {
  std::string version;  // of bgplb
  std::string driver;
  BirdStatus bird;
  EngineStatus engine;
  FirewallStatus firewall;
  std::vector<std::string> notes;
  std::vector<PeerStatus> peers;
  std::vector<VipStatus> vips;
  std::vector<GatewayStatus> gateways;
};
BOOST_DESCRIBE_STRUCT(StatusPage, (),
                      (version, driver, bird, engine, firewall, notes, peers, vips, gateways))

std::string renderStatusPage(const StatusPage& page);
Result<StatusPage> parseStatusPage(std::string_view text);

}  // namespace bgplb::ops
