// dockerd's containers, events and API on the simulated host.
#include "fuzz/sequences/host.hpp"
#include "fuzz/sequences/values.hpp"

#include "core/vip.hpp"
#include "support/build.hpp"

#include <fmt/format.h>

namespace bgplb::fuzz {

namespace {

constexpr int kSigUsr2 = 12;

}  // namespace

void Host::containerActs(const Step& step) {
  const std::size_t index = step.a % (containers_.size() - 1);
  Container& container = containers_[index];
  const bool runs = container.run != core::RunState::Stopped;
  if (step.kind == 'S') {
    if (!runs) start(index);
    return;
  }
  if (!runs) return;
  constexpr int kSignals[] = {kSigUsr2, 15, 9, 64};
  switch (step.b % 7) {
    case 0: container.health = core::Health::Healthy; break;
    case 1: container.health = core::Health::Unhealthy; break;
    case 2:
    case 3: {
      const bool pauses = step.b % 7 == 2;
      container.run = pauses ? core::RunState::Paused : core::RunState::Running;
      emit(pauses ? "pause" : "unpause", index);
      return;
    }
    case 4: emit("kill", index, kSignals[step.c % 4]); return;
    case 5: end(index); return;
    default:
      end(index);
      emit("destroy", index);
      return;
  }
  emit(step.b % 7 == 0 ? "health_status: healthy" : "health_status: unhealthy", index);
}

// The container gets all endpoints that have been joined and belong to no container yet, one for
// each network.
void Host::start(std::size_t index) {
  Container& container = containers_[index];
  std::set<NetworkId> taken;
  for (auto& [id, endpoint] : endpoints_) {
    if (!endpoint.joined || endpoint.container >= 0) continue;
    if (taken.insert(endpoint.network).second) endpoint.container = static_cast<int>(index);
  }
  container.run = core::RunState::Running;
  container.health = index == 2 ? core::Health::Starting : core::Health::None;
  ++container.runs;
  emit("start", index);
}

void Host::end(std::size_t index) {
  containers_[index].run = core::RunState::Stopped;
  emit("die", index);
  for (const auto& [id, endpoint] : std::map(endpoints_)) {
    if (endpoint.container != static_cast<int>(index)) continue;
    leave(endpoint.network.value, id.value);
    deleteEndpoint(endpoint.network.value, id.value);
  }
}

void Host::emit(const std::string& action, std::size_t container, int signal) {
  docker::EngineEvent event{.type = "container",
                            .action = action,
                            .id = containers_[container].id.value,
                            .attributes = {}};
  if (signal != 0) event.attributes["signal"] = std::to_string(signal);
  properties_.namedContainer(containers_[container].id);
  apply(controller_->dialogue.event(event, simulation().now));
}

void Host::emitNetwork(const std::string& action, const NetworkId& id, const std::string& driver) {
  apply(controller_->dialogue.event(
      {.type = "network", .action = action, .id = id.value, .attributes = {{"type", driver}}},
      simulation().now));
}

// Networks for which the plugin gets no call: Docker's bridge networks, with subnets that contain
// VIPs, and VIP networks with VIPs that the plugin would have refused.
void Host::toggleNetwork(const Step& step) {
  const bool vip = step.a % 3 == 0;
  const NetworkId id(vip ? pick(kNetworks, step.b % 4)
                         : fmt::format("{:012}{:052}", step.a % 3, step.b % 4));
  const auto known = networks_.find(id);
  if (known != networks_.end()) {
    const std::string driver = known->second.driver;
    networks_.erase(known);
    emitNetwork("destroy", id, driver);
    return;
  }
  // dockerd lists no network whose CreateNetwork was refused.
  if (vip && !core::checkBridge(controller_->reconciler.facts(), id)) return;
  constexpr const char* kSubnets[] = {"172.17.0.0/16", "10.0.0.0/24", "192.168.8.0/24",
                                      "2001:db8:0:1::/64", "10.0.0.101/32"};
  Network network{.name = "from-a-list\x1b[31m"};
  if (vip) {
    nameNetwork(id.value, {pick(kVips, step.c)});
    network.subnets = prefixesOf({pick(kVips, step.c)});
  } else {
    network.driver = "bridge";
    network.subnets = prefixesOf({kSubnets[step.c % std::size(kSubnets)]});
    if (step.a % 3 == 2) network.labels["bgplb_advertise"] = "true";
    if (step.b % 2 == 1) network.options["com.docker.network.bridge.name"] = "docker0";
    properties_.dockerLink(step.b % 2 == 1 ? "docker0" : "br-" + id.value.substr(0, 12));
    routing_.ours.insert(network.subnets.begin(), network.subnets.end());
  }
  networks_[id] = network;
  emitNetwork("create", id, network.driver);
}

// ---- dockerd's API

void Host::apply(docker::Reaction reaction) {
  auto& reconciler = controller_->reconciler;
  reconciler.touch(reaction.touched);
  if (reaction.listed) reconciler.touchAll(simulation().now);
  if (reaction.bridges) reconciler.touchBridges();
  if (reaction.firewall) reconciler.touchFirewall();
  for (const auto& id : reaction.bridgesOf) reconciler.touchBridgesOf(id);
  for (auto& call : reaction.calls) questions_.emplace(call.number, std::move(call.question));
  woken_ = true;
}

void Host::answer(bool succeeds) {
  if (questions_.empty()) return;
  const auto [number, question] = *questions_.begin();
  questions_.erase(number);
  const auto result =
      succeeds ? answerOf(question) : Result<docker::Answer>(transient("made to fail"));
  apply(controller_->dialogue.answered(number, result, simulation().now));
}

void Host::listAll() {
  auto& dialogue = controller_->dialogue;
  apply(dialogue.streamLost(unavailable("the stream ended"), simulation().now));
  apply(dialogue.streamConnected(simulation().now));
  for (int i = 0; i < 100 && !questions_.empty(); ++i) answer(true);
  settle();
}

Result<docker::Answer> Host::answerOf(const docker::Question& question) const {
  if (std::holds_alternative<docker::ListNetworks>(question)) {
    return docker::Answer(networkReports());
  }
  if (std::holds_alternative<docker::ListContainers>(question)) {
    std::vector<core::ListedContainer> running;
    for (std::size_t i = 0; i < containers_.size(); ++i) {
      if (containers_[i].run != core::RunState::Stopped)
        running.push_back(test::listed(inspect(i)));
    }
    return docker::Answer(running);
  }
  if (const auto* network = std::get_if<docker::InspectNetwork>(&question)) {
    for (const auto& report : networkReports()) {
      if (report.id == network->id) return docker::Answer(report);
    }
  }
  if (const auto* container = std::get_if<docker::InspectContainer>(&question)) {
    for (std::size_t i = 0; i < containers_.size(); ++i) {
      if (containers_[i].id == container->id && containers_[i].runs > 0) {
        return docker::Answer(inspect(i));
      }
    }
  }
  return notFound("no such object");
}

core::ContainerReport Host::inspect(std::size_t index) const {
  const Container& container = containers_[index];
  core::ContainerReport report{.id = container.id,
                               .name = fmt::format("container-{}", index),
                               .run = container.run,
                               .health = container.health,
                               .startedAt = fmt::format("run {}", container.runs)};
  for (const auto& [id, endpoint] : endpoints_) {
    if (endpoint.container == static_cast<int>(index)) {
      report.attachments.push_back({endpoint.network, id, endpoint.mac, {}, {}});
    }
  }
  return report;
}

std::vector<core::NetworkReport> Host::networkReports() const {
  std::vector<core::NetworkReport> all;
  for (const auto& [id, network] : networks_) {
    core::NetworkReport report{.id = id, .name = network.name, .driver = network.driver};
    report.subnets = network.subnets;
    report.labels = network.labels;
    for (const auto& [key, value] : network.options) report.options[key] = value;
    all.push_back(std::move(report));
  }
  return all;
}

}  // namespace bgplb::fuzz
