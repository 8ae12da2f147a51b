// The controller in the storm: its start, its steps, and the invariants after each step.
#include "reconcile/storm.hpp"

#include <algorithm>
#include <utility>

namespace bgplb::test {

using namespace std::chrono_literals;

namespace {

constexpr int kMostSteps = 1000;
const core::Policy kStormPolicy{
    .flap = {}, .drainGrace = 1s, .drainDelay = 5s, .drainOnSigusr2 = true};

constexpr const char* kNames[kKinds] = {"CreateNetwork", "DeleteNetwork",
                                        "Start",         "End",
                                        "Destroy",       "Pause",
                                        "Unpause",       "Healthy",
                                        "Unhealthy",     "Check",
                                        "Kill",          "Sigusr2",
                                        "Connect",       "Disconnect",
                                        "Gateway",       "Lan",
                                        "HostAddress",   "Dockerd",
                                        "Deliver",       "Ask",
                                        "FailAnswer",    "BreakStream",
                                        "SkipEvent",     "List",
                                        "Interfere",     "KernelNotifies",
                                        "FailCall",      "EngineRefuses",
                                        "Confirm",       "RoutingEnds",
                                        "RoutingStarts", "Restart",
                                        "Step",          "Time"};

}  // namespace

const char* nameOf(Kind kind) { return kNames[static_cast<std::size_t>(kind)]; }

// In C++ syntax, to be copied into a test.
std::string toText(const Event& event) {
  return fmt::format("{{Kind::{}, {}, {}, {}}},", nameOf(event.kind), event.which, event.how,
                     event.step);
}

Storm::Storm() {
  routing_.objection = [this](const Prefix& prefix) { return objectionTo(prefix); };
  routing_.ours.insert(docker_.gatewaySubnet);
  for (const auto& network : docker_.networks) {
    for (const auto& vip : network.vips()) {
      routing_.ours.insert(vip);
      kernel_.ourRoutes.insert(vip);
    }
  }
  kernel_.inUse = [this](const std::string& veth) { return docker_.isJoined(veth); };
  startController();
}

void Storm::run(const Event& event) {
  switch (event.kind) {
    case Kind::Deliver: deliver(); break;
    case Kind::Ask: answer(event.which); break;
    case Kind::FailAnswer:
      if (!questions_.empty()) fail(chosen(event.which)->first);
      break;
    case Kind::BreakStream:  // undelivered events are lost; the next connection begins with a new
                             // list
      if (following_) {
        disconnect();
      } else {
        connect();
      }
      break;
    case Kind::SkipEvent: skipEvent(); break;
    case Kind::List:
      if (following_) listOn();
      break;
    case Kind::Interfere: interfere(event); break;
    case Kind::KernelNotifies: kernelNotifies(); break;
    case Kind::FailCall:
      kernel_.failIn = 1 + event.which % 6;
      steady_.clear();
      break;
    case Kind::EngineRefuses: engine_.answers = event.how % 2 == 0; break;
    case Kind::Confirm:
      routing_.confirmAll();
      controller_->touchUnconfirmed();
      break;
    case Kind::RoutingEnds:
    case Kind::RoutingStarts:
      routing_.daemonRuns = event.kind == Kind::RoutingStarts;
      steady_.clear();  // nothing is announced while no daemon runs
      routing_.confirmAll();
      controller_->touchUnconfirmed();
      break;
    case Kind::Restart: restart(event.which, event.how); break;
    case Kind::Step: break;
    case Kind::Time:
      if (event.how % 3 > 0) {
        pass(std::chrono::milliseconds(event.how % 2000));
        break;
      }
      endDockerdSteps();  // dockerd's steps take less time than that
      pass(30s);
      break;
    default: userActs(event);
  }
  endTheTerminated();
  if (event.step) step();
}

// ---- the controller

void Storm::startController() {
  controller_ = std::make_unique<reconcile::Reconciler>(kernel_, kernel_, routing_, firewall_,
                                                        engine_, store_, kStormPolicy);
  dialogue_ = std::make_unique<docker::EngineDialogue>(
      controller_->facts(), controller_->policy(), docker::DialogueOptions{.driverName = "bgplb"});
  controller_->setHostNeeds(needs_);
  controller_->resumeDrains(store_.drains);
  for (auto& container : docker_.containers) {
    // A drain that began just before the end of the previous controller may not have been saved.
    const auto saved = store_.drains.find(container.id);
    const bool remembered =
        saved != store_.drains.end() && saved->second.startedAt == container.startedAt();
    if (container.drained && !remembered) unsure_.insert(container.id);
    container.drained = container.drained && remembered;
  }
  questions_.clear();
  events_.clear();
  knownRun_.clear();
  answered_.clear();
  drainedAt_.clear();
  engine_.confirmed.clear();
  engine_.inspected.clear();
  engine_.listed.clear();
  unreported_.clear();  // the new controller begins with a complete dump
  following_ = false;
  stream_.clear();
  connect();
}

void Storm::step() {
  for (int i = 0; i < kMostSteps; ++i) {
    if (const auto due = dialogue_->due(); due && *due <= now_) apply(dialogue_->timePassed(now_));
    const auto due = controller_->step(now_);
    if (facts().firstRoundOver) routing_.complete = true;
    if (due != core::TimePoint::min()) {
      check();
      return;
    }
  }
  throw Violation{"the controller never finishes its steps"};
}

void Storm::pass(std::chrono::milliseconds time) {
  const auto end = now_ + time;
  for (int i = 0; i < kMostSteps; ++i) {
    step();
    auto due = controller_->step(now_);
    if (const auto asked = dialogue_->due(); asked && (!due || *asked < *due)) due = asked;
    if (!due || *due > end) {
      now_ = end;
      timeOut();
      step();
      return;
    }
    now_ = std::max(now_, *due);
    timeOut();
  }
  throw Violation{"the controller's timer never stops"};
}

Result<void> Storm::settleNetwork(const NetworkId& id) { return controller_->settle(id, now_); }

// The serving backends of announced networks that no other program has changed.
void Storm::findSteady() {
  steady_.clear();
  if (!routing_.daemonRuns) return;
  for (const auto& container : docker_.containers) {
    if (!container.mayServe() || !container.steps.empty() || unsure_.count(container.id) > 0)
      continue;
    for (const auto& entry : container.endpoints) {
      const auto index = entry.first;
      const auto& endpoint = entry.second;
      const auto there = kernel_.observe(core::bridgeName(endpoint.network));
      const auto vips = docker_.networks[index].vips();
      if (std::any_of(vips.begin(), vips.end(),
                      [this](const Prefix& vip) { return isRefused(vip); })) {
        continue;
      }
      const bool announced = std::all_of(vips.begin(), vips.end(), [&](const Prefix& vip) {
        return routing_.wanted.count(vip) > 0 && there.routes.count(vip) > 0;
      });
      const bool member =
          std::any_of(there.neighbors.begin(), there.neighbors.end(), [&](const auto& neighbor) {
            const auto group = there.groups.find(neighbor.first.family());
            return neighbor.second == endpoint.mac && group != there.groups.end() &&
                   group->second.count(neighbor.first) > 0;
          });
      const bool port = there.veths.count(core::vethHostName(endpoint.id)) > 0;
      if (announced && member && port &&
          unreported_.count(core::bridgeName(endpoint.network)) == 0) {
        steady_.insert({container.id, index});
      }
    }
  }
}

// ---- invariants after every step

bool Storm::allDrained(const Prefix& vip) const {
  bool any = false;
  for (std::size_t i = 0; i < docker_.networks.size(); ++i) {
    const auto vips = docker_.networks[i].vips();
    if (std::find(vips.begin(), vips.end(), vip) == vips.end()) continue;
    for (const auto& container : docker_.containers) {
      if (container.networks.count(i) + container.endpoints.count(i) == 0) continue;
      if (!container.drained) return false;
      any = true;
    }
  }
  return any;
}

// The model's answer; the controller may not know of the bridge network yet.
bool Storm::isRefused(const Prefix& vip) const {
  return needs_.addresses.contains(vip.address()) ||
         (docker_.lanExists && docker_.lanSubnet.contains(vip.address()));
}

std::string Storm::objectionTo(const Prefix& prefix) const {
  if (prefix == docker_.gatewaySubnet) return "";
  if (kernel_.routes().count(prefix) == 0) return "without a host route";
  if (needs_.addresses.contains(prefix.address())) return "though the host has the address";
  for (const auto& [id, bridge] : controller_->facts().bridges) {
    for (const auto& subnet : bridge.subnets) {
      if (subnet.contains(prefix.address())) return "inside the subnet of " + bridge.name;
    }
  }
  return allDrained(prefix) ? "though every backend is drained" : "";
}

// The index of VIPs matches the networks.
void Storm::checkIndex() const {
  std::map<Prefix, std::set<NetworkId>> expected;
  for (const auto& [id, network] : controller_->facts().networks) {
    for (const auto& vip : network.vips()) expected[vip].insert(id);
  }
  if (controller_->facts().byVip != expected) throw Violation{"the index of VIPs is wrong"};
}

// The announcements of a previous controller stay, even if dockerd does not reply.
void Storm::checkSteady() const {
  if (!routing_.complete) return;
  for (const auto& [id, index] : steady_) {
    for (const auto& vip : docker_.networks[index].vips()) {
      if (routing_.wanted.count(vip) > 0) continue;
      throw Violation{vip.toString() + " is withdrawn though its backend serves all the time"};
    }
  }
}

// A drain that dockerd has confirmed is in the state file within one second.
void Storm::checkSaved() const {
  for (const auto& container : docker_.containers) {
    const auto since = drainedAt_.find(container.id);
    if (!container.drained || since == drainedAt_.end() || now_ - since->second < 1s) continue;
    const bool sure =
        answered_.count(container.id) > 0 && engine_.confirmed.count(container.id) > 0;
    if (!sure || store_.drains.count(container.id) > 0) continue;
    throw Violation{"the drain of " + container.name + " is not saved"};
  }
}

void Storm::check() {
  checkIndex();
  checkSteady();
  checkSaved();
  if (!facts().listed) return;  // until then, a previous controller's announcements stay
  for (const auto& prefix : routing_.wanted) {
    if (prefix == docker_.gatewaySubnet) continue;
    if (allDrained(prefix)) {
      throw Violation{prefix.toString() + " stays announced though every backend is drained"};
    }
    if (unreported_.empty() && kernel_.routes().count(prefix) == 0) {
      throw Violation{prefix.toString() + " stays announced without a host route"};
    }
  }
}

}  // namespace bgplb::test
