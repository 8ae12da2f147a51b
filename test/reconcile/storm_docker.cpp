// dockerd and its user in the storm: their changes of the model, and the plugin calls.
#include "reconcile/storm.hpp"

#include "core/vip_rules.hpp"

namespace bgplb::test {

using Do = DockerdStep::Kind;
using core::LinkState;

void Storm::userActs(const Event& event) {
  auto& network = docker_.networks[event.which % docker_.networks.size()];
  auto& container = docker_.containers[event.which % docker_.containers.size()];
  const std::size_t other = event.how % docker_.networks.size();
  switch (event.kind) {
    case Kind::CreateNetwork:
      if (!network.exists) createNetwork(network);
      return;
    case Kind::DeleteNetwork:
      if (network.exists && !docker_.isInUse(event.which % docker_.networks.size())) {
        deleteNetwork(network);
      }
      return;
    case Kind::Gateway:
      docker_.gatewayExists = !docker_.gatewayExists;
      if (docker_.gatewayExists) docker_.renewGateway();
      emitNetwork(docker_.gatewayExists ? "create" : "destroy", docker_.gatewayId, "bridge");
      return;
    case Kind::Lan:
      docker_.toggleLan();
      emitNetwork(docker_.lanExists ? "create" : "destroy", docker_.lanId, "bridge");
      steady_.clear();
      return;
    case Kind::HostAddress: {
      const auto vips = network.vips();
      const Address address = vips[event.how % vips.size()].address();
      if (needs_.addresses.erase(address) == 0) needs_.addresses.insert(address);
      controller_->setHostNeeds(needs_);
      steady_.clear();
      return;
    }
    case Kind::Dockerd:
      if (auto* one = busy(event.which)) dockerdSteps(*one);
      return;
    default: break;
  }
  if (!container.steps.empty()) return;  // dockerd holds the container's lock
  std::erase_if(steady_, [&](const auto& entry) { return entry.first == container.id; });
  if (event.kind == Kind::Start && !container.isRunning()) begin(container);
  if (event.kind == Kind::Destroy && !container.isRunning()) {
    emit("destroy", container);
    docker_.renew(container);
  }
  if (!container.isRunning()) return;
  const bool on = container.endpoints.count(other) > 0;
  if (event.kind == Kind::End) end(container, event.how % 2 == 0);
  if (event.kind == Kind::Connect && !on && docker_.networks[other].exists) {
    container.steps = {{Do::CreateEndpoint, other}, {Do::Join, other}, {Do::Connected, other}};
  }
  if (event.kind == Kind::Disconnect && on) {
    container.steps = {{Do::Leave, other}, {Do::DeleteEndpoint, other}, {Do::Disconnected, other}};
  }
  if (event.kind == Kind::Sigusr2) emit("kill", container, {{"signal", "12"}});
  if (event.kind == Kind::Kill) {
    constexpr const char* kSignals[] = {"15", "9", "3", "1"};
    emit("kill", container, {{"signal", kSignals[event.how % 4]}});
  }
  if (event.kind == Kind::Check && container.healthCheck) {
    emit("exec_die", container, {{"exitCode", event.how % 3 == 0 ? "1" : "0"}});
  }
  if (!changes(container, event.kind)) return;
  if (event.kind == Kind::Pause) emit("pause", container);
  if (event.kind == Kind::Unpause) emit("unpause", container);
  if (event.kind == Kind::Healthy) emit("health_status: healthy", container);
  if (event.kind == Kind::Unhealthy) emit("health_status: unhealthy", container);
}

// A container that dockerd is starting or ending; null: none.
ModelContainer* Storm::busy(unsigned which) {
  std::vector<ModelContainer*> all;
  for (auto& container : docker_.containers) {
    if (!container.steps.empty()) all.push_back(&container);
  }
  return all.empty() ? nullptr : all[which % all.size()];
}

// Changes the state of a running container. False: the state stays the same.
bool Storm::changes(ModelContainer& container, Kind kind) {
  const auto health = kind == Kind::Healthy ? core::Health::Healthy : core::Health::Unhealthy;
  switch (kind) {
    case Kind::Pause:
      return std::exchange(container.run, core::RunState::Paused) != core::RunState::Paused;
    case Kind::Unpause:
      return std::exchange(container.run, core::RunState::Running) != core::RunState::Running;
    case Kind::Healthy:
    case Kind::Unhealthy:
      if (!container.healthCheck || container.run != core::RunState::Running) return false;
      return std::exchange(container.health, health) != health;
    default: return false;
  }
}

void Storm::begin(ModelContainer& container) {
  for (const auto index : container.networks) {
    if (!docker_.networks[index].exists) return;  // dockerd does not start the container
  }
  for (const auto index : container.networks) {
    container.steps.push_back({Do::CreateEndpoint, index});
    container.steps.push_back({Do::Join, index});
  }
  container.steps.push_back({Do::Start});
}

void Storm::end(ModelContainer& container, bool eventFirst) {
  container.run = core::RunState::Stopped;
  container.drained = false;
  std::erase_if(steady_, [&](const auto& entry) { return entry.first == container.id; });
  if (eventFirst) container.steps.push_back({Do::Die});
  for (const auto& [index, endpoint] : container.endpoints) {
    container.steps.push_back({Do::Leave, index});
    container.steps.push_back({Do::DeleteEndpoint, index});
  }
  if (!eventFirst) container.steps.push_back({Do::Die});
}

// Ends the containers that got SIGTERM.
void Storm::endTheTerminated() {
  for (const auto& id : std::exchange(engine_.terminated, {})) {
    auto* container = docker_.find(ContainerId(id));
    if (container == nullptr || !container->isRunning() || !container->steps.empty()) continue;
    end(*container, container->runs % 2 == 0);
  }
}

void Storm::endDockerdSteps() {
  for (auto& container : docker_.containers) {
    while (!container.steps.empty()) dockerdSteps(container);
  }
}

void Storm::restartContainer(ModelContainer& container) {
  if (!container.isRunning()) return;
  end(container, false);
  endDockerdSteps();
  begin(container);
  endDockerdSteps();
}

// The next step of dockerd, with the calls as docker/plugin_api.cpp handles them.
void Storm::dockerdSteps(ModelContainer& container) {
  if (container.steps.empty()) return;
  const DockerdStep step = container.steps.front();
  container.steps.pop_front();
  const auto& network = docker_.networks[step.network];
  switch (step.kind) {
    case Do::CreateEndpoint: {
      const auto made = docker_.newEndpoint(network.id);
      container.endpoints[step.network] = made;
      kernel_.ourLinks.insert(core::vethHostName(made.id));
      const auto address = [](const std::optional<Prefix>& vip) {
        return vip ? std::optional(vip->address()) : std::nullopt;
      };
      controller_->touch(core::endpointCreated(facts(), network.id, made.id, address(network.vip4),
                                               address(network.vip6), made.mac));
      break;
    }
    case Do::Join: {
      auto& endpoint = container.endpoints.at(step.network);
      if (join(container, endpoint)) break;
      container.steps.clear();
      if (container.isRunning()) {  // only this network is not connected
        container.steps.push_back({Do::DeleteEndpoint, step.network});
      } else {
        end(container,
            false);  // the start has failed; dockerd calls Leave for the joined endpoints
      }
      break;
    }
    case Do::Start:
      container.run = core::RunState::Running;
      container.health = container.healthCheck ? core::Health::Starting : core::Health::None;
      ++container.runs;
      emit("start", container);
      break;
    case Do::Leave: {
      auto& endpoint = container.endpoints.at(step.network);
      endpoint.joined = false;
      controller_->touch(core::endpointLeft(facts(), endpoint.network, endpoint.id));
      settleNetwork(endpoint.network).has_error();
      break;
    }
    case Do::DeleteEndpoint: {
      const ModelEndpoint endpoint = container.endpoints.at(step.network);
      container.endpoints.erase(step.network);
      if (container.endpoints.empty() && container.isRunning()) {
        // A report that shows the container on no VIP network ends its drain.
        unsure_.insert(container.id);
        container.drained = false;
      }
      controller_->removeEndpoint(endpoint.id);
      settleNetwork(endpoint.network).has_error();
      // If the call could not remove the link, the container's namespace is removed nevertheless.
      kernel_.loseVeth(core::vethHostName(endpoint.id));
      unreported_.insert(core::bridgeName(endpoint.network));
      break;
    }
    case Do::Die: emit("die", container); break;
    case Do::Connected: emitNetwork("connect", network.id, "bgplb", &container); break;
    case Do::Disconnected: emitNetwork("disconnect", network.id, "bgplb", &container); break;
  }
}

bool Storm::join(ModelContainer& container, ModelEndpoint& endpoint) {
  if (facts().endpoints.count(endpoint.id) == 0) {  // created before this controller was started
    controller_->touch(core::endpointCreated(facts(), endpoint.network, endpoint.id, std::nullopt,
                                             std::nullopt, std::nullopt));
  }
  controller_->touch(core::endpointLink(facts(), endpoint.id, LinkState::Joining));
  const auto settled = settleNetwork(endpoint.network);
  const bool there = kernel_.hasVeth(core::vethHostName(endpoint.id));
  const auto state = there ? LinkState::Joined : LinkState::Created;
  controller_->touch(core::endpointLink(facts(), endpoint.id, state));
  endpoint.joined = settled.has_value() && there;
  return endpoint.joined && !container.endpoints.empty();
}

void Storm::createNetwork(ModelNetwork& network) {
  docker_.renew(network);
  kernel_.ourLinks.insert(core::bridgeName(network.id));
  for (const auto& vip : network.vips()) {
    if (!core::checkVip(facts(), needs_, controller_->policy(), vip))
      return;  // dockerd does not create the network
    if (core::checkHolder(facts(), network.id, vip)) continue;
    throw Violation{"VIP refused although no network has it: " + vip.toString()};
  }
  const bool isNew = facts().networks.count(network.id) == 0;
  controller_->touch(core::networkCreated(facts(), network.id, network.vip4, network.vip6,
                                          {.mtu = network.mtu, .weight = network.weight}));
  if (settleNetwork(network.id)) {
    network.exists = true;
    emitNetwork("create", network.id, "bgplb");
  } else if (isNew) {
    controller_->touch(core::networkDeleted(facts(), network.id));
  }
}

void Storm::deleteNetwork(ModelNetwork& network) {
  controller_->touch(core::networkDeleted(facts(), network.id));
  if (!settleNetwork(network.id)) return;  // dockerd keeps it
  network.exists = false;
  emitNetwork("destroy", network.id, "bgplb");
}

}  // namespace bgplb::test
