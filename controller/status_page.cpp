#include "status_page.hpp"

#include "base/printable.hpp"
#include "core/namespace_members.hpp"
#include "core/vip_rules.hpp"
#include "io/background.hpp"
#include "operator/status.hpp"
#include "version.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <functional>
#include <utility>

namespace bgplb {

namespace {

// Networks and backends in one turn of the event loop.
constexpr std::size_t kRowsPerTurn = 50;

std::vector<std::string> exportedTo(const Result<bird::RoutingStatus>& bird, const Prefix& prefix) {
  std::vector<std::string> peers;
  if (!bird) return peers;
  for (const auto& peer : bird->peers) {
    if (peer.exported.count(prefix) > 0) peers.push_back(peer.address);
  }
  return peers;
}

const char* healthName(core::Health health) {
  switch (health) {
    case core::Health::None: return "none";
    case core::Health::Starting: return "starting";
    case core::Health::Healthy: return "healthy";
    case core::Health::Unhealthy: return "unhealthy";
  }
  return "none";
}

// The time until a rising or held-down backend can become ready.
double secondsLeft(const core::FlapPolicy& policy, const core::Flapping& flapping,
                   core::TimePoint now) {
  const auto until = std::max(core::risenAt(flapping, policy), core::heldUntil(flapping, policy));
  return until <= now ? 0 : std::chrono::duration<double>(until - now).count();
}

std::string memberState(const core::Facts& facts, const ContainerId& id, const core::Policy& policy,
                        core::TimePoint now) {
  const auto& member = facts.containers.at(id);
  if (core::isServingMember(facts, id)) {
    return std::string(core::word(core::containerReadiness(member, policy, now)));
  }
  return member.server.value_or(true) ? "other-namespace" : "not-counted";
}

std::optional<std::vector<ops::MemberStatus>> membersOf(const core::Facts& facts,
                                                        const ContainerId& holder,
                                                        const core::Policy& policy,
                                                        core::TimePoint now) {
  std::vector<ops::MemberStatus> members;
  for (const auto& id : core::allMembers(facts, holder)) {
    const auto& member = facts.containers.at(id);
    members.push_back({.container = member.name,
                       .containerId = id.value,
                       .state = memberState(facts, id, policy, now),
                       .health = healthName(member.health)});
  }
  if (auto lost = core::lostMember(facts, holder); !lost.empty()) {
    members.push_back({.container = lost, .state = "removed", .health = "none"});
  }
  if (members.empty()) return std::nullopt;
  return members;
}

ops::BackendStatus backend(const StatusInputs& inputs, const NetworkId& network,
                           const EndpointId& id) {
  const auto& facts = inputs.reconciler.facts();
  const auto& policy = inputs.reconciler.policy();
  const auto now = std::chrono::steady_clock::now();
  const auto reachability = inputs.reconciler.reachability(network, id);
  ops::BackendStatus status{
      .endpoint = id.value,
      .state = std::string(core::word(core::readiness(facts, id, reachability, policy, now)))};
  const auto endpoint = facts.endpoints.find(id);
  if (endpoint == facts.endpoints.end() || !endpoint->second.container) return status;
  const auto container = facts.containers.find(*endpoint->second.container);
  status.containerId = endpoint->second.container->value;
  if (container == facts.containers.end()) return status;
  status.container = container->second.name;
  status.health = healthName(container->second.health);
  status.failures = container->second.flapping.failures;
  status.members = membersOf(facts, container->first, policy, now);
  const auto deciding = core::decidingContainer(facts, endpoint->second, policy, now);
  status.secondsLeft = secondsLeft(policy.flap, facts.containers.at(deciding).flapping, now);
  return status;
}

// `status`: the values of the network.
ops::VipStatus unusable(ops::VipStatus status, const Prefix& subnet) {
  status.vip = subnet.toString();
  status.hostRoute = false;
  status.exportedTo.clear();
  status.problem = core::checkVip({}, {}, {}, subnet).error().message;
  return status;
}

void appendVips(const StatusInputs& inputs, const NetworkId& id, const core::Network& network,
                std::vector<ops::VipStatus>& list) {
  const std::string bridge = core::bridgeName(id);
  const auto observed = inputs.kernel.observe(bridge);
  ops::VipStatus status{.network = network.name.empty() ? id.brief() : network.name,
                        .networkId = id.value,
                        .bridge = bridge,
                        .weight = {network.options.weight}};
  for (const auto& endpoint : network.endpoints) {
    status.backends.push_back(backend(inputs, id, endpoint));
  }
  for (const auto& vip : network.vips()) {
    status.vip = vip.toString();
    status.hostRoute = observed.routes.count(vip) > 0;
    status.exportedTo = exportedTo(inputs.bird, vip);
    status.problem = printable(inputs.reconciler.problem(id, vip));
    list.push_back(status);
  }
  for (const auto& subnet : network.unusable) list.push_back(unusable(status, subnet));
}

Task<std::vector<ops::VipStatus>> vips(const StatusInputs& inputs) {
  const auto& networks = inputs.reconciler.facts().networks;
  std::vector<ops::VipStatus> list;
  list.reserve(2 * networks.size());  // moving thousands of entries takes a millisecond
  std::size_t rows = 0;
  for (auto next = networks.begin(); next != networks.end();) {
    const NetworkId id = next->first;
    appendVips(inputs, id, next->second, list);
    rows += 1 + next->second.endpoints.size();
    if (rows >= kRowsPerTurn) {
      rows = 0;
      const auto executor = co_await boost::asio::this_coro::executor;
      co_await boost::asio::post(executor, boost::asio::use_awaitable);
    }
    next = networks.upper_bound(id);  // the network may have been removed meanwhile
  }
  co_return list;
}

std::vector<ops::GatewayStatus> gateways(const StatusInputs& inputs) {
  std::vector<ops::GatewayStatus> list;
  for (const auto& [id, bridge] : inputs.reconciler.facts().bridges) {
    if (!bridge.advertise) continue;
    for (const auto& subnet : bridge.subnets) {
      list.push_back({subnet.toString(), bridge.name, bridge.link, exportedTo(inputs.bird, subnet),
                      printable(inputs.reconciler.gatewayProblem(id, subnet))});
    }
  }
  return list;
}

std::vector<ops::PeerStatus> peers(const Result<bird::RoutingStatus>& bird) {
  std::vector<ops::PeerStatus> list;
  if (!bird) return list;
  for (const auto& peer : bird->peers) {
    ops::PeerStatus status{peer.name,  peer.address, peer.as,
                           peer.state, peer.since,   printable(peer.lastError)};
    for (const auto& prefix : peer.exported) status.exported.push_back(prefix.toString());
    list.push_back(std::move(status));
  }
  return list;
}

ops::BirdStatus birdStatus(const Result<bird::RoutingStatus>& bird) {
  if (!bird) return {.problem = printable(bird.error().message)};
  return {bird->version, bird->pid, bird->recovering, bird->reconfigurations,
          printable(bird->refused)};
}

ops::FirewallStatus firewallStatus(const firewall::FirewallStatus& firewall) {
  std::string problem = firewall.problem;
  if (!firewall.protectionProblem.empty()) {
    problem += (problem.empty() ? "protection: " : "; protection: ") + firewall.protectionProblem;
  }
  return {firewall.flavour,   firewall.v4,    firewall.v6,
          printable(problem), firewall.marks, printable(firewall.marksProblem),
          printable(firewall.obstacles)};
}

}  // namespace

Task<Result<std::string>> renderStatus(StatusInputs inputs) {
  auto collected = co_await vips(inputs);
  ops::StatusPage page{.version = kVersion,
                       .driver = inputs.driverName,
                       .bird = birdStatus(inputs.bird),
                       .engine = {inputs.following},
                       .firewall = firewallStatus(inputs.firewall),
                       .vips = std::move(collected),
                       .gateways = gateways(inputs)};
  for (const auto& note : inputs.notes) page.notes.push_back(printable(note));
  std::function<Result<std::string>()> render =
      [page = std::move(page), bird = std::move(inputs.bird)]() mutable -> Result<std::string> {
    page.peers = peers(bird);
    return ops::renderStatusPage(page);
  };
  co_return co_await io::inBackground<std::string>(std::move(render));
}

}  // namespace bgplb
