// The reconciler's decisions about one network's announcements: which of its VIPs this host may
// announce, for which network a prefix is announced, and the changes for BIRD.
#include "base/log.hpp"
#include "core/vip_rules.hpp"
#include "reconcile/reconciler.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bgplb::reconcile {

// The network that may use a VIP that several networks have: the one that uses it already, so that
// no connection breaks; otherwise the first.
NetworkId Reconciler::holderOf(const Prefix& vip) const {
  const auto& holders = facts_.byVip.at(vip);
  const auto owner = announcedFor_.find(vip);
  if (owner != announcedFor_.end() && holders.contains(owner->second) &&
      routing_.mayBeAnnounced(vip)) {
    return owner->second;
  }
  const auto routed = std::find_if(holders.begin(), holders.end(), [&](const NetworkId& id) {
    return kernel_.observe(core::bridgeName(id)).routes.contains(vip);
  });
  return routed == holders.end() ? *holders.begin() : *routed;
}

// When another network may use the VIP, each network that has it must be reconciled.
void Reconciler::noteHolders(const Track& track) {
  for (const auto& vip : track.vips) {
    const auto holders = facts_.byVip.find(vip);
    if (holders == facts_.byVip.end() || holders->second.size() < 2) {
      holders_.erase(vip);
      continue;
    }
    const auto holder = holderOf(vip);
    const auto [known, isNew] = holders_.try_emplace(vip, holder);
    if (!isNew && known->second == holder) continue;
    known->second = holder;
    touched_.insert(holders->second.begin(), holders->second.end());
  }
}

void Reconciler::refuseVips(const NetworkId& id, Track& track) {
  auto former = std::exchange(track.hold.refused, {});
  const auto network = facts_.networks.find(id);
  if (network == facts_.networks.end()) return;
  for (const auto& vip : network->second.vips()) {
    auto allowed = core::checkVip(facts_, needs_, policy_, vip);
    if (allowed && facts_.byVip.at(vip).size() > 1 && holderOf(vip) != id) {
      allowed = core::checkHolder(facts_, id, vip);
    }
    const auto known = former.find(vip);
    if (allowed) {
      if (known != former.end()) {
        log::info("resolved: network {}: VIP {} is allowed again", id.brief(),
                  vip.address().toString());
      }
      continue;
    }
    const auto& reason = allowed.error().message;
    if (known == former.end() || known->second != reason) {
      log::error("network {}: {}; this host neither routes nor announces the VIP", id.brief(),
                 reason);
    }
    track.hold.refused.emplace(vip, reason);
  }
}

// Whether `prefix` was announced for this network. If this controller has not announced it, a
// previous controller may have announced it for the network that holds the VIP.
bool Reconciler::isAnnouncedFor(const NetworkId& id, const Prefix& prefix) const {
  const auto owner = announcedFor_.find(prefix);
  if (owner != announcedFor_.end()) return owner->second == id;
  const auto holders = facts_.byVip.find(prefix);
  if (holders == facts_.byVip.end() || holders->second.size() < 2) return true;
  return holderOf(prefix) == id;
}

std::set<Prefix> Reconciler::announcedVips(const NetworkId& id, const Track& track) const {
  std::set<Prefix> announced;
  for (const auto& vip : track.vips) {
    if (isAnnouncedFor(id, vip) && routing_.mayBeAnnounced(vip)) announced.insert(vip);
  }
  return announced;
}

// Before the first lists, the containers behind a previous controller's announcements are unknown.
// So the announcements stay, unless the last backend on the bridge has left.
bool Reconciler::mayWithdraw(const NetworkId& id) const {
  if (facts_.listed) return true;
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
  const auto observed = kernel_.observe(core::bridgeName(id));
  const auto network = facts_.networks.find(id);
  const auto reachable = [&](Family family) {
    const auto& serving = desired.serving.at(family);
    return std::any_of(serving.begin(), serving.end(), [&observed](const EndpointId& endpoint) {
      return observed.veths.count(core::vethHostName(endpoint)) > 0;
    });
  };
  for (const auto& vip : track.vips) {
    const bool refused = track.hold.refused.contains(vip);
    const bool current = network != facts_.networks.end() &&
                         (network->second.vip4 == vip || network->second.vip6 == vip);
    const auto attributes = desired.announce.find(vip.family());
    const bool wanted = attributes != desired.announce.end() && current && !refused;
    if (wanted && reachable(vip.family()) && observed.routes.count(vip) > 0) {
      announcedFor_.insert_or_assign(vip, id);
      routing_.announce(vip, attributes->second);
    } else if (isAnnouncedFor(id, vip) && (refused || mayWithdraw(id))) {
      routing_.withdraw(vip);
    }
  }
  if (desired.announce.empty() == track.ready) {
    track.ready = !desired.announce.empty();
    log::info("network {} {}: {}", id.brief(),
              track.ready ? "has a ready backend" : "has no ready backend", reasons(id, now));
  }
  const auto before = std::exchange(track.hold.announced, announcedVips(id, track));
  const auto& after = track.hold.announced;
  const bool awaited = std::any_of(after.begin(), after.end(), [&](const Prefix& vip) {
    return track.hold.refused.contains(vip) || !desired.announce.contains(vip.family());
  });
  if (awaited) waiting_.insert(id);
  // A withdrawal is already confirmed because no daemon runs. Reconcile again at once to remove the
  // host route.
  if (!std::includes(after.begin(), after.end(), before.begin(), before.end())) {
    touched_.insert(id);
  }
  noteHolders(track);
}

}  // namespace bgplb::reconcile
