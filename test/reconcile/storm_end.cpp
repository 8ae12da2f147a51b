// The faults in the storm, the end of the storm, and the invariants afterwards.
#include "reconcile/storm.hpp"

#include <algorithm>

namespace bgplb::test {

using namespace std::chrono_literals;

namespace {

const Prefix kStray = net("192.0.2.1/32");

// A network's next hops, identified by the MAC addresses of their backends.
struct NextHops {
  std::set<std::pair<Family, MacAddress>> neighbors, nextHops, members;
  std::set<std::pair<Prefix, MacAddress>> pinned;
  friend bool operator==(const NextHops&, const NextHops&) = default;
};

NextHops byMac(const core::KernelNetwork& network) {
  const auto macOf = [&network](const Address& via) { return network.neighbors.at(via); };
  NextHops found;
  for (const auto& [via, lladdr] : network.neighbors) found.neighbors.emplace(via.family(), lladdr);
  for (const auto& via : network.nextHops) found.nextHops.emplace(via.family(), macOf(via));
  for (const auto& [family, members] : network.groups) {
    for (const auto& via : members) found.members.emplace(family, macOf(via));
  }
  for (const auto& route : network.pinned)
    found.pinned.emplace(route.destination, macOf(route.via));
  return found;
}

}  // namespace

// Another program adds or removes objects on our bridges. The controller is notified later.
void Storm::interfere(const Event& event) {
  const auto& network = docker_.networks[event.which % docker_.networks.size()];
  const std::string bridge = core::bridgeName(network.id);
  const auto found = kernel_.networks.find(bridge);
  if (found == kernel_.networks.end()) return;
  auto& there = found->second;
  unreported_.insert(bridge);
  std::erase_if(steady_, [&](const auto& entry) {
    return entry.second == event.which % docker_.networks.size();
  });
  switch (event.how % 11) {
    case 0: there.routes.clear(); break;
    case 8:  // its last port has no carrier: `ip link set vip0 down` in the container
      there.nextHops.clear();
      there.removeGroup(Family::V4);
      there.removeGroup(Family::V6);
      break;
    case 9: there.removeGroup(event.which % 2 == 0 ? Family::V4 : Family::V6); break;
    case 10: there.pinned.clear(); break;
    case 1: there.neighbors.clear(); break;
    case 2:
      loseLeftovers(bridge);
      kernel_.loseBridge(bridge);
      break;
    case 3:
      if (!there.veths.empty()) kernel_.loseVeth(std::string(*there.veths.begin()));
      break;
    case 4:
      loseLeftovers(bridge);
      there.veths.clear();  // the veth pairs are no longer ports of the bridge
      break;
    case 5:
      there.strays.insert(kStray);
      kernel_.ourRoutes.insert(kStray);
      break;
    case 6:
      for (auto& [address, lladdr] : there.neighbors) lladdr = mac("02:ff:ff:ff:ff:ff");
      break;
    default:
      there.neighbors[kStray.address()] = mac("02:ff:ff:ff:ff:ff");
      kernel_.ourRoutes.insert(kStray);
      break;
  }
}

// Removes leftover ports: without our bridge the controller could not prove that they are ours.
void Storm::loseLeftovers(const std::string& bridge) {
  for (const auto& veth : kernel_.observe(bridge).veths) {
    if (!docker_.isJoined(veth)) kernel_.loseVeth(veth);
  }
}

void Storm::kernelNotifies() {
  for (const auto& bridge : std::exchange(unreported_, {})) controller_->touchBridge(bridge);
}

// Replaces the controller. While no controller runs, dockerd's calls fail, and dockerd ignores
// that. The kernel removes the veth pairs with the container's namespace, unless dockerd has moved
// their container ends back before.
void Storm::restart(unsigned which, unsigned how) {
  step();
  findSteady();
  auto& container = docker_.containers[which % docker_.containers.size()];
  auto& network = docker_.networks[which % docker_.networks.size()];
  if (how % 8 == 0 && !docker_.isInUse(which % docker_.networks.size())) network.exists = false;
  if (container.steps.empty() && container.isRunning()) {
    std::erase_if(steady_, [&](const auto& entry) { return entry.first == container.id; });
    if (how % 8 == 1 || how % 8 == 2) {
      for (const auto& [index, endpoint] : container.endpoints) {
        const std::string veth = core::vethHostName(endpoint.id);
        const bool isPort =
            kernel_.observe(core::bridgeName(endpoint.network)).veths.count(veth) > 0;
        if (how % 8 == 1 || !isPort) kernel_.loseVeth(veth);
      }
      container.endpoints.clear();
      container.run = core::RunState::Stopped;
      container.drained = false;
    } else if (how % 8 == 3) {
      changes(container, Kind::Unhealthy);
    } else if (how % 8 == 4) {
      changes(container, Kind::Healthy);
    }
  }
  routing_.controllerRestarted();
  startController();
}

void Storm::settle() {
  kernel_.failIn = 0;
  engine_.answers = true;
  routing_.daemonRuns = true;
  if (!following_) connect();
  listWhole();
  for (auto& container : docker_.containers) {
    if (unsure_.count(container.id) > 0) restartContainer(container);
  }
  for (int list = 0; list < 3; ++list) {  // leftovers are removed after two lists, some time apart
    listWhole();
    kernelNotifies();
    for (int i = 0; i < 10; ++i) {
      pass(31s);
      routing_.confirmAll();
      controller_->touchUnconfirmed();
      step();
    }
  }
}

// Delivers everything in flight, and completes a list.
void Storm::listWhole() {
  endTheTerminated();
  endDockerdSteps();
  for (const bool again : {true, false}) {
    while (!stream_.empty() || !questions_.empty()) {
      if (!stream_.empty()) {
        deliver();
      } else {
        answer(questions_.begin()->first);
      }
    }
    if (again) listOn();
  }
}

void Storm::checkEnd() {
  checkAnnounced();
  checkLikeFresh();
  checkAtRest();
  checkEndsWithoutLists();
}

// The controller's readiness of each backend.
std::string Storm::readiness() const {
  std::string text;
  for (const auto& container : docker_.containers) {
    for (const auto& [index, endpoint] : container.endpoints) {
      const auto reachability = controller_->reachability(endpoint.network, endpoint.id);
      const auto answer = core::readiness(controller_->facts(), endpoint.id, reachability,
                                          controller_->policy(), now_);
      text += fmt::format(" {}@{} {}", container.name, docker_.networks[index].name,
                          core::word(answer));
    }
  }
  return text;
}

// Compares the announcements with the model.
void Storm::checkAnnounced() const {
  std::set<Prefix> expected;
  std::map<Prefix, std::uint64_t> bandwidths;
  if (docker_.gatewayExists) expected.insert(docker_.gatewaySubnet);
  for (std::size_t i = 0; i < docker_.networks.size(); ++i) {
    for (const auto& container : docker_.containers) {
      const auto endpoint = container.endpoints.find(i);
      if (endpoint == container.endpoints.end() || !container.mayServe()) continue;
      if (!kernel_.hasVeth(core::vethHostName(endpoint->second.id))) continue;
      for (const auto& vip : docker_.networks[i].vips()) {
        if (isRefused(vip)) continue;
        expected.insert(vip);
        if (docker_.networks[i].weight) bandwidths[vip] += *docker_.networks[i].weight;
      }
    }
  }
  const auto list = [](const std::set<Prefix>& prefixes) {
    std::string text;
    for (const auto& prefix : prefixes) text += " " + prefix.toString();
    return text;
  };
  if (routing_.wanted != expected) {
    throw Violation{fmt::format("announced:{}; expected:{};{}", list(routing_.wanted),
                                list(expected), readiness())};
  }
  if (routing_.bandwidths != bandwidths) throw Violation{"bandwidths;" + readiness()};
  if (!routing_.unconfirmed.empty()) throw Violation{"still waiting for a confirmation"};
}

// Compares with a fresh controller that gets the same lists, on a kernel with only the veth pairs.
void Storm::checkLikeFresh() const {
  FakeKernel kernel;
  FakeRouting routing;
  FakeFirewall firewall;
  FakeEngine engine;
  FakeStore store;
  reconcile::Reconciler fresh(kernel, kernel, routing, firewall, engine, store,
                              controller_->policy());
  fresh.setHostNeeds(needs_);
  auto& facts = fresh.facts();
  std::map<ContainerId, core::FormerDrain> drains;
  for (const auto& container : docker_.containers) {
    if (container.drained) {
      drains[container.id] = {{.terminateAt = now_ + 1h}, container.startedAt()};
    }
    for (const auto& [index, endpoint] : container.endpoints) {
      const std::string veth = core::vethHostName(endpoint.id);
      if (kernel_.hasVeth(veth)) kernel.existing.insert(veth);
    }
  }
  fresh.resumeDrains(drains);
  listNetworks(facts, docker_.networkReports(), docker_.ours());
  for (const auto& container : docker_.containers) {
    if (container.isRunning()) core::containerReported(facts, docker_.inspect(container), now_);
  }
  listContainers(facts, docker_.running(), now_);
  fresh.touchAll(now_);
  while (fresh.step(now_) == core::TimePoint::min()) {
  }

  const auto differs = [](const std::string& what) {
    throw Violation{"differs from a fresh controller: " + what};
  };
  if (kernel.existing != kernel_.existing) differs("veth pairs");
  for (const auto& [name, network] : kernel_.networks) {
    if (kernel.networks.count(name) == 0) differs("left over: " + name);
  }
  for (const auto& [name, expected] : kernel.networks) {
    const auto there = kernel_.observe(name);
    if (there.bridge != expected.bridge || there.mtu != expected.mtu) differs("bridge " + name);
    if (there.veths != expected.veths) differs("ports of " + name);
    if (there.isolated != expected.isolated) differs("isolated ports of " + name);
    if (there.routes != expected.routes) differs("routes on " + name);
    if (!there.strays.empty()) differs("a stray route on " + name);
    // The slot of a backend depends on the history.
    if (byMac(there) != byMac(expected)) differs("next hops on " + name);
  }
  if (routing.wanted != routing_.wanted) differs("announcements");
  if (firewall_.calls.empty() || firewall.calls.back() != firewall_.calls.back())
    differs("firewall");
}

void Storm::checkAtRest() {
  kernel_.log.clear();
  const auto wanted = routing_.wanted;
  const auto bandwidths = routing_.bandwidths;
  controller_->touchAll(now_);
  step();
  if (!kernel_.log.empty()) throw Violation{"not at rest: " + kernel_.log.front()};
  if (routing_.wanted != wanted || routing_.bandwidths != bandwidths)
    throw Violation{"not at rest: announcements"};
}

// A container whose last check succeeded becomes unhealthy, and dockerd does not answer why. Any
// other container dies.
void Storm::endServing(ModelContainer& container) {
  if (container.mayServe() && container.healthCheck) {
    emit("exec_die", container, {{"exitCode", "0"}});
    emit("health_status: unhealthy", container);
    deliver();
  } else {
    emit("die", container);
  }
  deliver();
}

// Withdrawals must not need a list or another reply: confirmations, timers and retries are enough.
void Storm::checkEndsWithoutLists() {
  steady_.clear();
  for (auto& container : docker_.containers) {
    if (!container.isRunning()) continue;
    endServing(container);
    step();
    pass(2s);
    kernel_.failIn = 1;
    routing_.confirmAll();
    controller_->touchUnconfirmed();
    pass(2s);
  }
  std::set<Prefix> left = routing_.wanted;
  left.merge(routing_.unconfirmed);
  left.erase(docker_.gatewaySubnet);
  if (!left.empty()) {
    throw Violation{left.begin()->toString() + " is announced after the end of its containers"};
  }
  const auto routes = kernel_.routes();
  if (!routes.empty()) {
    throw Violation{routes.begin()->toString() + " has a route after the end of its containers"};
  }
}

}  // namespace bgplb::test
