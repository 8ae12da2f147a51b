#include "reconcile/reconciler.hpp"

#include "base/log.hpp"
#include "core/plan.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bgplb::reconcile {

namespace {

// Networks per step of a pass over all networks: a withdrawal waits for one such step at most.
constexpr std::size_t kBackgroundPerStep = 50;
// The kernel notifies when a link comes up; if that notification is lost, this is the poll
// interval.
constexpr std::chrono::milliseconds kLinkAwaited{200};

bool isLinkAction(const core::Action& action) {
  return std::holds_alternative<core::BridgeAdd>(action) ||
         std::holds_alternative<core::VethAdd>(action) ||
         std::holds_alternative<core::LinkDel>(action);
}

// Actions that the kernel refuses until the container end of a veth pair is up.
bool isRouting(const core::Action& action) {
  return std::holds_alternative<core::NextHopAdd>(action) ||
         std::holds_alternative<core::GroupReplace>(action) ||
         std::holds_alternative<core::UdpRouteReplace>(action) ||
         std::holds_alternative<core::RouteReplace>(action);
}

bool isBridgeDel(const core::Action& action) {
  const auto* link = std::get_if<core::LinkDel>(&action);
  return link != nullptr && !core::isVethHostName(link->name);
}

}  // namespace

Reconciler::Reconciler(Kernel& kernel, HostSettings& host, Routing& routing, Firewall& firewall,
                       Engine& engine, Store& store, const core::Policy& policy)
    : kernel_(kernel),
      host_(host),
      routing_(routing),
      firewall_(firewall),
      policy_(policy),
      drainer_(facts_, engine, store),
      garbage_(facts_, kernel) {}

void Reconciler::onWake(std::function<void()> wake) { drainer_.onWake(std::move(wake)); }

void Reconciler::setPolicy(const core::Policy& policy) {
  policy_ = policy;
  for (const auto& [id, network] : facts_.networks) touched_.insert(id);
  bridgesTouched_ = true;
}

void Reconciler::setHostNeeds(core::HostNeeds needs) {
  if (needs == needs_) return;
  touch(core::affectedVips(facts_, needs_, needs));
  needs_ = std::move(needs);
  bridgesTouched_ = true;
}

void Reconciler::touch(const core::Touched& networks) {
  touched_.insert(networks.begin(), networks.end());
}

// Records the routes of a previous controller in the first step, before any change.
void Reconciler::noteFormer() {
  if (former_) return;
  former_.emplace();
  for (const auto& link : kernel_.ownLinks()) {
    if (!core::isVethHostName(link)) (*former_)[link] = kernel_.observe(link).routes;
  }
}

// Withdraws the VIPs of a previous controller's bridge that has lost its last port, while dockerd
// has not listed the bridge's network yet.
void Reconciler::withdrawAbandoned(const std::string& bridge) {
  if (facts_.listed || !former_) return;
  const auto former = former_->find(bridge);
  if (former == former_->end() || !kernel_.observe(bridge).veths.empty()) return;
  for (const auto& vip : former->second) {
    if (routing_.mayBeAnnounced(vip)) routing_.withdraw(vip);
  }
}

void Reconciler::touchBridge(const std::string& link) {
  withdrawAbandoned(link);
  if (const auto found = byBridge_.find(link); found != byBridge_.end()) {
    touched_.insert(found->second);
    disturbed_.insert(found->second);
  }
}

void Reconciler::carrierChanged(const std::string& veth, bool present, TimePoint now) {
  const auto endpoint = facts_.endpoints.lower_bound(core::firstEndpointOf(veth));
  if (endpoint == facts_.endpoints.end() || core::vethHostName(endpoint->first) != veth) return;
  touch(core::endpointCarrier(facts_, endpoint->first, present, now));
}

void Reconciler::touchUnconfirmed() {
  touched_.merge(waiting_);
  waiting_.clear();
}

void Reconciler::touchBridges() { bridgesTouched_ = true; }

void Reconciler::touchBridgesOf(const ContainerId& id) { bridgesTouchedOf_.insert(id); }

void Reconciler::touchFirewall() { firewallTouched_ = true; }

void Reconciler::touchAll(TimePoint now) {
  for (const auto& [id, network] : facts_.networks) background_.insert(id);
  for (const auto& [id, track] : tracks_) background_.insert(id);
  relaxed_.clear();
  flowsHashed_.clear();
  for (auto& [id, track] : tracks_) track.filtersRead.clear();
  kernel_.resync();
  std::set<std::string> inUse;
  for (const auto& [bridge, network] : byBridge_) inUse.insert(bridge);
  touch(garbage_.collect(inUse, now));
  bridgesTouched_ = firewallTouched_ = true;
}

void Reconciler::resumeDrains(std::map<ContainerId, core::FormerDrain> drains) {
  core::formerDrainsRead(facts_, std::move(drains));
}

std::optional<core::TimePoint> Reconciler::step(TimePoint now) {
  noteFormer();
  while (!timers_.empty() && timers_.begin()->first <= now) {
    touched_.insert(timers_.begin()->second);
    timers_.erase(timers_.begin());
  }
  core::Touched due = std::exchange(touched_, {});
  for (std::size_t count = 0; count < kBackgroundPerStep && !background_.empty(); ++count) {
    due.insert(background_.extract(background_.begin()));
  }
  for (const auto& id : due) reconcileNetwork(id, now);
  if (std::exchange(bridgesTouched_, false)) reconcileBridges();
  for (const auto& id : std::exchange(bridgesTouchedOf_, {})) {
    relaxReplyBridges(core::replyBridges(facts_, id));
  }
  reconcileFirewall();
  drainer_.step(now, !waiting_.empty());
  return earliest();
}

Result<void> Reconciler::settle(const NetworkId& id, TimePoint now) {
  // A plugin call for an unknown network does not mean that the network was removed: the objects
  // that a previous controller installed for it stay.
  if (facts_.networks.count(id) > 0) touched_.insert(id);
  step(now);
  const auto track = tracks_.find(id);
  if (track == tracks_.end() || track->second.problem.empty()) return {};
  return transient(track->second.problem);
}

void Reconciler::removeEndpoint(const EndpointId& id) {
  touch(core::endpointDeleted(facts_, id));
  const std::string veth = core::vethHostName(id);
  if (!kernel_.hasVeth(veth)) return;
  const auto outcome = kernel_.apply(core::LinkDel{veth});
  if (outcome) {
    log::info("link del {}", veth);
  } else {
    log::warning("link del {}: {}", veth, outcome.error().message);
  }
}

void Reconciler::reconcileNetwork(const NetworkId& id, TimePoint now) {
  const std::string bridge = core::bridgeName(id);
  byBridge_[bridge] = id;
  Track& track = tracks_[id];
  if (track.reevaluateAt) timers_.erase({*track.reevaluateAt, id});
  track.reevaluateAt.reset();

  const auto network = facts_.networks.find(id);
  if (network != facts_.networks.end()) {
    for (const auto& vip : network->second.vips()) track.vips.insert(vip);
  }
  const auto observed = kernel_.observe(bridge);
  // The network was deleted, or its last container left, before dockerd has listed the network. Its
  // VIPs are known only from the routes.
  if (network == facts_.networks.end() || network->second.vips().empty()) {
    for (const auto& route : observed.routes) {
      if (routing_.mayBeAnnounced(route)) track.vips.insert(route);
    }
  }
  refuseVips(id, track);
  track.hold.announced = announcedVips(id, track);
  for (const auto& vip : track.vips) {
    if (track.hold.announced.contains(vip)) {
      track.hold.withdrawnAt.erase(vip);
    } else {
      track.hold.withdrawnAt.try_emplace(vip, now);
    }
  }

  std::set<std::string> existing;
  std::map<std::string, std::string> containerEnds;
  if (network != facts_.networks.end()) {
    for (const auto& endpoint : network->second.endpoints) {
      const std::string host = core::vethHostName(endpoint);
      if (kernel_.hasVeth(host)) existing.insert(host);
      containerEnds[host] = core::vethContainerName(endpoint);
    }
  }
  readContainerFilters(id, track);
  const auto desired = core::desiredNetwork(facts_, id, observed, existing, track.hold, policy_,
                                            now, kernel_.supports(Family::V6));
  bool linkAwaited = false;
  const auto outcome = applyAll(core::plan(bridge, desired.kernel, observed, containerEnds),
                                disturbed_.erase(id) > 0, linkAwaited);
  track.reevaluateAt = desired.reevaluateAt;
  track.withoutSlot = desired.withoutSlot;
  if (linkAwaited && !desired.announce.empty()) {
    track.reevaluateAt =
        std::min(track.reevaluateAt.value_or(TimePoint::max()), now + kLinkAwaited);
  }
  updateAnnouncement(id, track, desired, now);
  ensureFlowHashing(desired.kernel);
  noteProblem(id, track, outcome, now);
  noteUnserved(id, track, desired);
  notePorts(id, track, desired);
  if (track.reevaluateAt) timers_.insert({*track.reevaluateAt, id});

  const bool gone =
      network == facts_.networks.end() && track.hold.announced.empty() && outcome.has_value();
  if (gone) {
    for (const auto& vip : track.vips) {
      if (isAnnouncedFor(id, vip)) announcedFor_.erase(vip);
    }
    byBridge_.erase(bridge);
    tracks_.erase(id);
  }
}

// Actions on links, and repairs after a change by another program, are logged one by one. All other
// actions are logged at debug level only, because logging them would delay the announcement;
// updateAnnouncement() logs one info line per network instead.
Result<void> Reconciler::applyAll(const std::vector<core::Action>& actions, bool disturbed,
                                  bool& linkAwaited) {
  Result<void> first;
  for (const auto& action : actions) {
    // Keep the bridge if a port could not be removed: without its bridge we could no longer prove
    // that the port is ours.
    if (!first && isBridgeDel(action)) continue;
    // Keep next hops as well: if a group could not be changed, removing its last member would make
    // the kernel remove the group and the host route of an announced VIP.
    if (!first && std::holds_alternative<core::NextHopDel>(action)) continue;
    const auto outcome = kernel_.apply(action);
    if (!outcome && isRouting(action) && outcome.error().kind == ErrorKind::NotFound) {
      log::debug("{}; waiting for the link", outcome.error().message);
      linkAwaited = true;
      continue;
    }
    if (outcome) {
      const bool atInfo = disturbed || isLinkAction(action);
      log::write(atInfo ? log::Level::Info : log::Level::Debug, core::toText(action));
    } else if (first) {
      first = outcome.error().within(core::toText(action));
    }
  }
  return first;
}

void Reconciler::noteProblem(const NetworkId& id, Track& track, const Result<void>& outcome,
                             TimePoint now) {
  const std::string problem = outcome ? "" : outcome.error().message;
  if (problem != track.problem) {
    if (problem.empty()) {
      log::info("resolved: network {}: kernel state restored", id.brief());
    } else {
      log::error("network {}: {}; retrying", id.brief(), problem);
    }
  }
  track.problem = problem;
  if (problem.empty()) {
    track.backoff.reset();
    return;
  }
  const TimePoint retry = now + track.backoff.next();
  if (!track.reevaluateAt || retry < *track.reevaluateAt) track.reevaluateAt = retry;
}

std::optional<core::TimePoint> Reconciler::earliest() const {
  std::optional<TimePoint> first;
  if (!touched_.empty() || !background_.empty()) first = TimePoint::min();
  if (!first && !timers_.empty()) first = timers_.begin()->first;
  const auto drain = drainer_.due();
  if (drain && (!first || *drain < *first)) first = drain;
  return first;
}

}  // namespace bgplb::reconcile
