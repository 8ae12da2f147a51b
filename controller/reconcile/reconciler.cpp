#include "reconcile/reconciler.hpp"

#include "base/log.hpp"
#include "core/plan.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bgplb::reconcile {

namespace {

constexpr std::chrono::milliseconds kFirstRetry{250};
constexpr std::chrono::milliseconds kLongestRetry{30000};
// The kernel tells when a link comes up; should that be lost, this is how soon we look ourselves.
constexpr std::chrono::milliseconds kLinkAwaited{200};

std::chrono::milliseconds retryAfter(unsigned failures) {
  return std::min(kLongestRetry, kFirstRetry * (1U << std::min(failures, 8U)));
}

bool isLinkAction(const core::Action& action) {
  return std::holds_alternative<core::BridgeAdd>(action) ||
         std::holds_alternative<core::VethAdd>(action) ||
         std::holds_alternative<core::LinkDel>(action);
}

// What cannot be done before the container's end of the link is up.
bool isRouting(const core::Action& action) {
  return std::holds_alternative<core::NextHopAdd>(action) ||
         std::holds_alternative<core::GroupReplace>(action) ||
         std::holds_alternative<core::RouteReplace>(action);
}

bool isBridgeDel(const core::Action& action) {
  const auto* link = std::get_if<core::LinkDel>(&action);
  return link != nullptr && !core::isVethHostName(link->name);
}

}  // namespace

Reconciler::Reconciler(Kernel& kernel, Routing& routing, Firewall& firewall, Engine& engine,
                       Store& store, Policy policy)
    : kernel_(kernel),
      routing_(routing),
      firewall_(firewall),
      policy_(policy),
      drainer_(facts_, engine, store),
      garbage_(facts_, kernel) {}

void Reconciler::touch(const core::Touched& networks) {
  touched_.insert(networks.begin(), networks.end());
}

void Reconciler::touchBridge(const std::string& link) {
  if (const auto found = byBridge_.find(link); found != byBridge_.end()) {
    touched_.insert(found->second);
    disturbed_.insert(found->second);
  }
}

void Reconciler::touchUnconfirmed() {
  touched_.merge(waiting_);
  waiting_.clear();
}

void Reconciler::touchBridges() { bridgesTouched_ = true; }

void Reconciler::touchBridgesOf(const ContainerId& id) { bridgesTouchedOf_.insert(id); }

void Reconciler::touchFirewall() { firewallTouched_ = true; }

void Reconciler::touchAll(TimePoint now) {
  for (const auto& [id, network] : facts_.networks) touched_.insert(id);
  for (const auto& [id, track] : tracks_) touched_.insert(id);
  relaxed_.clear();
  flowsHashed_.clear();
  if (const auto dumped = kernel_.resync(); !dumped) {
    log::warning("netlink: {}; going on with what was seen before", dumped.error().message);
  } else {
    std::set<std::string> inUse;
    for (const auto& [bridge, network] : byBridge_) inUse.insert(bridge);
    touch(garbage_.collect(inUse, now));
  }
  bridgesTouched_ = firewallTouched_ = true;
}

void Reconciler::beginDrain(const ContainerId& id, const core::Drain& drain) {
  touch(core::containerDrained(facts_, id, drain));
  drainer_.add(id);
}

void Reconciler::resumeDrains(std::map<ContainerId, core::FormerDrain> drains) {
  drainer_.resume(std::move(drains));
}

std::optional<core::TimePoint> Reconciler::step(TimePoint now) {
  while (!timers_.empty() && timers_.begin()->first <= now) {
    touched_.insert(timers_.begin()->second);
    timers_.erase(timers_.begin());
  }
  const core::Touched now_touched = std::exchange(touched_, {});
  for (const auto& id : now_touched) reconcileNetwork(id, now);
  if (std::exchange(bridgesTouched_, false)) reconcileBridges();
  for (const auto& id : std::exchange(bridgesTouchedOf_, {})) {
    relaxReplyBridges(core::replyBridges(facts_, id));
  }
  reconcileFirewall();
  drainer_.step(now);
  return earliest();
}

Result<void> Reconciler::settle(const NetworkId& id, TimePoint now) {
  // A call about a network that we were not told of (yet) is no word that it is gone: what a former
  // controller made for it stands.
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
  if (track.again) timers_.erase({*track.again, id});
  track.again.reset();

  const auto network = facts_.networks.find(id);
  if (network != facts_.networks.end()) {
    for (const auto& vip : network->second.vips()) track.vips.insert(vip);
  }
  const auto observed = kernel_.observe(bridge);
  // Of a network deleted before the engine told of it only the routes tell the VIPs.
  if (network == facts_.networks.end()) {
    for (const auto& route : observed.routes) {
      if (routing_.mayBeAnnounced(route)) track.vips.insert(route);
    }
  }
  track.hold.announced = anyAnnounced(id, track);
  if (track.hold.announced) {
    track.hold.withdrawnAt.reset();
  } else if (!track.hold.withdrawnAt) {
    track.hold.withdrawnAt = now;
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
  const auto desired = core::desiredNetwork(facts_, id, observed, existing, track.hold,
                                            policy_.drainGrace, now);
  bool linkAwaited = false;
  const auto outcome = applyAll(core::plan(bridge, desired.kernel, observed, containerEnds),
                                disturbed_.erase(id) > 0, linkAwaited);
  track.again = desired.again;
  if (linkAwaited && desired.announce) {
    track.again = std::min(track.again.value_or(TimePoint::max()), now + kLinkAwaited);
  }
  updateAnnouncement(id, track, desired, now);
  ensureFlowHashing(desired.kernel);
  noteProblem(id, track, outcome, now);
  if (track.again) timers_.insert({*track.again, id});

  const bool gone = network == facts_.networks.end() && !track.hold.announced && outcome.has_value();
  if (gone) {
    for (const auto& vip : track.vips) {
      if (isAnnouncedFor(id, vip)) announcedFor_.erase(vip);
    }
    byBridge_.erase(bridge);
    tracks_.erase(id);
  }
}

// What follows from Docker's word is told by one line about the network, after the routing daemon
// was told: a line here would keep a processor busy that it needs. What someone else's doing in the
// kernel made necessary is told step by step.
Result<void> Reconciler::applyAll(const std::vector<core::Action>& actions, bool disturbed,
                                  bool& linkAwaited) {
  Result<void> first;
  for (const auto& action : actions) {
    // What could not be taken off a bridge would be known as ours no more without it.
    if (!first && isBridgeDel(action)) continue;
    // Keep next hops as well: with the last member of a group that could not be changed the kernel would
    // remove the group, and with the group the host route of an announced VIP.
    if (!first && std::holds_alternative<core::NextHopDel>(action)) continue;
    const auto outcome = kernel_.apply(action);
    if (!outcome && isRouting(action) && outcome.error().kind == ErrorKind::NotFound) {
      log::debug("{}; waiting for the link", outcome.error().message);
      linkAwaited = true;
      continue;
    }
    if (outcome) {
      const bool told = disturbed || isLinkAction(action);
      log::write(told ? log::Level::Info : log::Level::Debug, core::toText(action));
    } else if (first) {
      first = outcome.error().within(core::toText(action));
    }
  }
  return first;
}

bool Reconciler::isAnnouncedFor(const NetworkId& id, const Prefix& vip) const {
  const auto owner = announcedFor_.find(vip);
  return owner == announcedFor_.end() || owner->second == id;
}

bool Reconciler::anyAnnounced(const NetworkId& id, const Track& track) const {
  return std::any_of(track.vips.begin(), track.vips.end(), [&](const Prefix& vip) {
    return isAnnouncedFor(id, vip) && routing_.mayBeAnnounced(vip);
  });
}

// Before the engine has been asked once we do not know who is healthy, only who left: what a former
// controller announced stands until then, unless the one who left was the last.
bool Reconciler::mayWithdraw(const NetworkId& id) const {
  if (facts_.engineAsked) return true;
  const auto network = facts_.networks.find(id);
  if (network == facts_.networks.end()) return true;
  auto others = kernel_.observe(core::bridgeName(id)).veths;
  for (const auto& endpoint : network->second.endpoints) {
    others.erase(core::vethHostName(endpoint));
  }
  if (!others.empty()) return false;
  return std::any_of(network->second.endpoints.begin(), network->second.endpoints.end(),
                     [this](const EndpointId& endpoint) {
                       const auto found = facts_.endpoints.find(endpoint);
                       return found != facts_.endpoints.end() &&
                              found->second.link == core::LinkState::Left;
                     });
}

void Reconciler::updateAnnouncement(const NetworkId& id, Track& track,
                                    const core::DesiredNetwork& desired, TimePoint now) {
  const auto there = kernel_.observe(core::bridgeName(id));
  const auto network = facts_.networks.find(id);
  const bool reachable = std::any_of(
      desired.ready.begin(), desired.ready.end(), [&there](const EndpointId& endpoint) {
        return there.veths.count(core::vethHostName(endpoint)) > 0;
      });
  for (const auto& vip : track.vips) {
    const bool current = network != facts_.networks.end() &&
                         (network->second.vip4 == vip || network->second.vip6 == vip);
    if (desired.announce && current && reachable && there.routes.count(vip) > 0) {
      announcedFor_.insert_or_assign(vip, id);
      routing_.announce(vip, *desired.announce);
    } else if (isAnnouncedFor(id, vip) && mayWithdraw(id)) {
      routing_.withdraw(vip);
    }
  }
  if (desired.announce.has_value() != track.ready) {
    track.ready = desired.announce.has_value();
    log::info("network {} {}: {}", id.brief(),
              desired.announce ? "has a ready backend" : "has no ready backend", reasons(id, now));
  }
  const bool wasAnnounced = track.hold.announced;
  track.hold.announced = anyAnnounced(id, track);
  if (!desired.announce && track.hold.announced) waiting_.insert(id);
  // Confirmed already (no daemon runs): look again at once for the host route.
  if (wasAnnounced && !track.hold.announced) touched_.insert(id);
}

void Reconciler::noteProblem(const NetworkId& id, Track& track, const Result<void>& outcome,
                             TimePoint now) {
  const std::string problem = outcome ? "" : outcome.error().message;
  if (problem != track.problem) {
    if (problem.empty()) {
      log::info("network {}: the kernel is as it should be again", id.brief());
    } else {
      log::error("network {}: {}; trying again", id.brief(), problem);
    }
  }
  track.problem = problem;
  track.failures = problem.empty() ? 0 : track.failures + 1;
  if (problem.empty()) return;
  const TimePoint retry = now + retryAfter(track.failures - 1);
  if (!track.again || retry < *track.again) track.again = retry;
}

std::optional<core::TimePoint> Reconciler::earliest() const {
  std::optional<TimePoint> first;
  if (!touched_.empty()) first = TimePoint::min();
  if (!first && !timers_.empty()) first = timers_.begin()->first;
  const auto drain = drainer_.due();
  if (drain && (!first || *drain < *first)) first = drain;
  return first;
}

}  // namespace bgplb::reconcile
