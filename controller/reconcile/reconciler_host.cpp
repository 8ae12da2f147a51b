// The reconciler's work for the host as a whole (flow hashing, Docker bridges, firewall), and its
// status.
#include "base/log.hpp"
#include "base/printable.hpp"
#include "core/namespace_members.hpp"
#include "core/port_check.hpp"
#include "core/vip.hpp"
#include "reconcile/reconciler.hpp"

#include <fmt/format.h>

#include <utility>

namespace bgplb::reconcile {

// Waits until a VIP has two backends, because the setting affects every multipath route of the
// host.
void Reconciler::ensureFlowHashing(const core::KernelNetwork& desired) {
  if (!policy_.hashPorts) return;
  for (const auto& [family, members] : desired.groups) {
    if (members.size() < 2 || !flowsHashed_.insert(family).second) continue;
    const auto outcome = host_.hashFlows(family);
    if (!outcome && hashingProblems_.insert(outcome.error().message).second) {
      log::warning("{}", outcome.error().message);
    }
  }
}

// Reads each filter once in a run of the container, and again with each full list, because reading
// takes system calls.
void Reconciler::readContainerFilters(const NetworkId& id, Track& track) {
  const auto network = facts_.networks.find(id);
  if (network == facts_.networks.end()) return;
  const auto& endpoints = network->second.endpoints;
  std::erase_if(track.filtersRead,
                [&](const auto& entry) { return !endpoints.contains(entry.first); });
  for (const auto& endpoint : endpoints) {
    const auto known = facts_.endpoints.find(endpoint);
    if (known == facts_.endpoints.end() || !known->second.container) continue;
    const auto container = facts_.containers.find(*known->second.container);
    if (container == facts_.containers.end() || !container->second.asked) continue;
    const auto& run = container->second.startedAt;
    const auto [read, isNew] = track.filtersRead.try_emplace(endpoint, run);
    if (!isNew && read->second == run) continue;
    read->second = run;
    const auto mode = host_.containerReversePathFilter(core::vethHostName(endpoint));
    core::endpointReversePathFilter(facts_, endpoint, mode ? *mode : 0);
  }
}

void Reconciler::reconcileBridges() {
  auto wanted = core::gatewaySubnets(facts_, needs_, policy_);
  for (const auto& [gateway, problem] : wanted.refused) {
    const auto known = gateways_.refused.find(gateway);
    if (known == gateways_.refused.end() || known->second != problem) {
      log::error("{}; it is not announced", problem);
    }
  }
  for (const auto& [gateway, problem] : gateways_.refused) {
    if (wanted.refused.contains(gateway)) continue;
    log::info("resolved: gateway subnet {} is allowed again", gateway.second.toString());
  }
  gateways_.refused = std::move(wanted.refused);
  for (const auto& [subnet, id] : wanted.announced) {
    const auto [known, isNew] = gateways_.announced.try_emplace(subnet, id);
    if (!isNew && known->second == id) continue;
    known->second = id;
    log::info("gateway subnet {}: announced", subnet.toString());
    announcedFor_.insert_or_assign(subnet, id);
    routing_.announce(subnet);
    // A VIP network with this VIP need not wait for a withdrawal: the prefix now belongs to the
    // gateway bridge.
    const auto holders = facts_.byVip.find(subnet);
    if (holders != facts_.byVip.end()) touch(holders->second);
  }
  std::erase_if(gateways_.announced, [&](const auto& entry) {
    const auto& [subnet, id] = entry;
    // Before the first lists, the announcements of a previous controller stay.
    if (!facts_.listed || wanted.announced.contains(subnet)) return false;
    log::info("gateway subnet {}: withdrawn", subnet.toString());
    if (!isAnnouncedFor(id, subnet)) return true;  // now a VIP network's prefix
    routing_.withdraw(subnet);
    announcedFor_.erase(subnet);
    return true;
  });
  const auto links = core::replyBridges(facts_);
  std::erase_if(relaxed_, [&links](const auto& entry) { return !links.contains(entry.first); });
  relaxReplyBridges(links);
}

void Reconciler::relaxReplyBridges(const std::set<std::string>& links) {
  if (facts_.networks.empty()) return;  // no container sends from a VIP
  for (const auto& link : links) {
    if (relaxed_.contains(link)) continue;
    const auto outcome = host_.relaxReversePathFilter(link);
    if (!outcome && outcome.error().kind != ErrorKind::NotFound) {
      log::warning(
          "{}: replies from VIPs may be dropped: {}; run: sysctl -w "
          "net.ipv4.conf.{}.rp_filter=2",
          link, outcome.error().message, link);
    }
    if (outcome) relaxed_.emplace(link, *outcome);
  }
  std::set<std::string> filtered;
  for (const auto& [link, needsFilter] : relaxed_) {
    if (needsFilter) filtered.insert(link);
  }
  firewall_.filterSources(filtered);
}

void Reconciler::primeNeighbor(const Address& neighbor) {
  if (const auto sent = host_.primeNeighbor(neighbor); !sent)
    log::debug("{}", sent.error().message);
}

std::string Reconciler::sharedInstance() const {
  for (const auto& [id, other] : facts_.others) {
    const std::string bridge = core::bridgeName(id);
    if (!kernel_.observe(bridge).bridge) continue;  // it does not exist, or is another instance's
    return fmt::format(
        "INSTANCE is not this plugin's alone: network {} of driver {} has the bridge {} of the "
        "same INSTANCE; set another INSTANCE for this plugin, or remove that network",
        printable(other.name), printable(other.driver), bridge);
  }
  return {};
}

void Reconciler::reconcileFirewall() {
  const bool wanted = !facts_.networks.empty();
  if (!std::exchange(firewallTouched_, false) && firewallWanted_ == wanted) return;
  // Before the first lists, the host may have networks that are still unknown.
  if (!wanted && !facts_.listed) return;
  if (auto shared = sharedInstance(); shared != sharedInstance_) {
    sharedInstance_ = std::move(shared);
    if (sharedInstance_.empty()) {
      log::info("resolved: INSTANCE is this plugin's alone");
    } else {
      log::error("{}", sharedInstance_);
    }
  }
  if (!wanted && !sharedInstance_.empty()) return;
  if (firewallWanted_ != wanted) bridgesTouched_ = bridgesTouched_ || wanted;
  firewallWanted_ = wanted;
  firewall_.ensure(wanted);
  if (std::exchange(bridgesTouched_, false)) reconcileBridges();
}

std::string Reconciler::reasons(const NetworkId& id, TimePoint now) const {
  const auto network = facts_.networks.find(id);
  if (network == facts_.networks.end()) return "removed";
  std::string text;
  for (const auto& endpoint : network->second.endpoints) {
    const auto known = facts_.endpoints.find(endpoint);
    std::string who = endpoint.brief();
    if (known != facts_.endpoints.end() && known->second.container) {
      const auto deciding = core::decidingContainer(facts_, known->second, policy_, now);
      if (!deciding.empty()) who = facts_.containers.at(deciding).name;
      const auto lost = core::lostMember(facts_, *known->second.container);
      if (deciding == *known->second.container && !lost.empty()) who = lost;
    }
    const auto state = core::readiness(facts_, endpoint, reachability(id, endpoint), policy_, now);
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", who, core::word(state));
  }
  return text.empty() ? "no backend" : text;
}

core::Reachability Reconciler::reachability(const NetworkId& id, const EndpointId& endpoint) const {
  const auto track = tracks_.find(id);
  const bool refused = track != tracks_.end() && track->second.withoutSlot.contains(endpoint);
  return {.link = kernel_.hasVeth(core::vethHostName(endpoint)), .slot = !refused};
}

bool Reconciler::routed(const NetworkId& id) const {
  return !kernel_.observe(core::bridgeName(id)).routes.empty();
}

std::string Reconciler::problem(const NetworkId& id, const Prefix& vip) const {
  const auto track = tracks_.find(id);
  if (track == tracks_.end()) return "";
  const auto refused = track->second.hold.refused.find(vip);
  if (refused != track->second.hold.refused.end()) return refused->second;
  if (!track->second.problem.empty()) return track->second.problem;
  const auto unserved = track->second.unserved.find(vip.family());
  if (unserved != track->second.unserved.end()) return unserved->second;
  return track->second.portProblem;
}

std::string Reconciler::gatewayProblem(const NetworkId& bridge, const Prefix& subnet) const {
  const auto refused = gateways_.refused.find({bridge, subnet});
  return refused == gateways_.refused.end() ? "" : refused->second;
}

// A network may have been created before the host was booted without IPv6: its containers start,
// and its IPv4 VIP is served. The same applies to a container that cannot answer over one of the
// families.
void Reconciler::noteUnserved(const NetworkId& id, Track& track,
                              const core::DesiredNetwork& desired) {
  auto unserved = desired.unanswered;
  const auto network = facts_.networks.find(id);
  if (network != facts_.networks.end() && network->second.vip6 && !kernel_.supports(Family::V6)) {
    unserved[Family::V6] = core::noIpv6(*network->second.vip6).message;
  }
  for (const auto& [family, reason] : unserved) {
    const auto known = track.unserved.find(family);
    if (known != track.unserved.end() && known->second == reason) continue;
    log::warning("network {}: the IPv{} VIP is not announced: {}", id.brief(),
                 family == Family::V4 ? 4 : 6, reason);
  }
  track.unserved = std::move(unserved);
}

void Reconciler::notePorts(const NetworkId& id, Track& track, const core::DesiredNetwork& desired) {
  auto problem = core::portProblem(facts_, desired.serving);
  if (problem == track.portProblem) return;
  if (problem.empty()) {
    log::info("resolved: network {}: its ready containers expose the same ports", id.brief());
  } else {
    log::warning("network {}: {}", id.brief(), problem);
  }
  track.portProblem = std::move(problem);
}

}  // namespace bgplb::reconcile
