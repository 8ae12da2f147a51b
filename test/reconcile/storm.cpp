// The controller in the storm: its life, its steps, and what must hold after each.
#include "reconcile/storm.hpp"

#include <algorithm>
#include <utility>

namespace bgplb::test {

using namespace std::chrono_literals;

namespace {

constexpr int kMostSteps = 1000;

constexpr const char* kWords[kKinds] = {
    "CreateNetwork", "DeleteNetwork", "Start", "End", "Destroy", "Pause", "Unpause", "Healthy",
    "Unhealthy", "Kill", "Sigusr2", "Connect", "Disconnect", "Gateway", "Dockerd", "Deliver", "Ask",
    "BreakStream", "List", "Interfere", "KernelNews", "FailCall", "EngineRefuses", "Confirm",
    "RoutingEnds", "RoutingStarts", "Restart", "Step", "Time"};

}  // namespace

const char* word(Kind kind) { return kWords[static_cast<std::size_t>(kind)]; }

// As it is written in a test.
std::string toText(const Event& event) {
  return fmt::format("{{Kind::{}, {}, {}, {}}},", word(event.kind), event.which, event.how,
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
    case Kind::BreakStream:  // what was under way is lost; it comes back with a new list
      following_ = !following_;
      stream_.clear();
      listing_.reset();
      if (following_) listOn();
      break;
    case Kind::List:
      if (following_) listOn();
      break;
    case Kind::Interfere: interfere(event); break;
    case Kind::KernelNews: kernelNews(); break;
    case Kind::FailCall: kernel_.failIn = 1 + event.which % 6; break;
    case Kind::EngineRefuses: engine_.answers = event.how % 2 == 0; break;
    case Kind::Confirm:
      routing_.confirmAll();
      controller_->touchUnconfirmed();
      break;
    case Kind::RoutingEnds:
    case Kind::RoutingStarts:
      routing_.daemonRuns = event.kind == Kind::RoutingStarts;
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
      endDockerdSteps();  // they take no such time
      pass(30s);
      break;
    default: userActs(event);
  }
  endTheTerminated();
  if (event.step) step();
}

// ---- the controller

void Storm::startController() {
  controller_ = std::make_unique<reconcile::Reconciler>(
      kernel_, routing_, firewall_, engine_, store_, reconcile::Policy{.drainGrace = 1s});
  controller_->resumeDrains(store_.drains);
  for (auto& container : docker_.containers) {
    // Between a start and the engine's first answer nobody can say which run it is.
    const auto& id = container.id;
    const bool now = answered_.count(id) > 0 && told_[id] == container.startedAt();
    container.remembered = container.drained && (container.remembered || now);
    if (container.drained && !container.remembered) unsure_.insert(id);
    container.drained = container.remembered;
  }
  listed_ = false;
  following_ = true;
  stream_.clear();
  questions_.clear();
  listing_.reset();
  told_.clear();
  answered_.clear();
  networksTold_ = false;
  news_.clear();  // it begins with a look at everything
}

void Storm::step() {
  for (int i = 0; i < kMostSteps; ++i) {
    const auto due = controller_->step(now_);
    if (listed_) routing_.complete = true;
    if (due != core::TimePoint::min()) {
      check();
      return;
    }
  }
  throw Violation{"the controller does not come to rest"};
}

void Storm::pass(std::chrono::milliseconds time) {
  const auto end = now_ + time;
  for (int i = 0; i < kMostSteps; ++i) {
    step();
    const auto due = controller_->step(now_);
    if (!due || *due > end) {
      now_ = end;
      step();
      return;
    }
    now_ = std::max(now_, *due);
  }
  throw Violation{"the controller's timer does not rest"};
}

Result<void> Storm::settleNetwork(const NetworkId& id) { return controller_->settle(id, now_); }

// ---- what must hold after every step

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

std::string Storm::objectionTo(const Prefix& prefix) const {
  if (prefix == docker_.gatewaySubnet) return "";
  if (kernel_.routes().count(prefix) == 0) return "without a host route";
  return allDrained(prefix) ? "though every backend is drained" : "";
}

// The index says what the networks say.
void Storm::checkIndex() const {
  std::map<Prefix, std::set<NetworkId>> expected;
  for (const auto& [id, network] : controller_->facts().networks) {
    for (const auto& vip : network.vips()) expected[vip].insert(id);
  }
  if (controller_->facts().byVip != expected) throw Violation{"the index of VIPs is wrong"};
}

void Storm::check() {
  checkIndex();
  if (!listed_) return;  // what a former controller announced stands until then
  for (const auto& prefix : routing_.wanted) {
    if (prefix == docker_.gatewaySubnet) continue;
    if (allDrained(prefix)) {
      throw Violation{prefix.toString() + " stays announced though every backend is drained"};
    }
    if (news_.empty() && kernel_.routes().count(prefix) == 0) {
      throw Violation{prefix.toString() + " stays announced without a host route"};
    }
  }
}

}  // namespace bgplb::test
