// The reconciler's work for the host as a whole (flow hashing, Docker bridges, firewall), and its
// status.
#include "base/log.hpp"
#include "reconcile/reconciler.hpp"

#include <fmt/format.h>

#include <utility>

namespace bgplb::reconcile {

// Only once a VIP has two backends, because the setting affects every multipath route of the host.
void Reconciler::ensureFlowHashing(const core::KernelNetwork& desired) {
  for (const auto& [family, members] : desired.groups) {
    if (members.size() < 2 || !flowsHashed_.insert(family).second) continue;
    const auto outcome = host_.hashFlows(family);
    if (!outcome && hashingProblems_.insert(outcome.error().message).second) {
      log::warning("{}", outcome.error().message);
    }
  }
}

void Reconciler::reconcileBridges() {
  const auto wanted = core::gatewaySubnets(facts_);
  for (const auto& subnet : wanted) {
    if (gatewaySubnets_.insert(subnet).second) {
      log::info("gateway subnet {}: announced", subnet.toString());
      routing_.announce(subnet);
    }
  }
  // Before the first lists, the announcements of a previous controller stay.
  if (facts_.listed) {
    for (auto subnet = gatewaySubnets_.begin(); subnet != gatewaySubnets_.end();) {
      if (wanted.count(*subnet) > 0) {
        ++subnet;
        continue;
      }
      log::info("gateway subnet {}: withdrawn", subnet->toString());
      routing_.withdraw(*subnet);
      subnet = gatewaySubnets_.erase(subnet);
    }
  }
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
          "{}: replies from VIPs may be dropped: {}; set it by hand: sysctl -w "
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

void Reconciler::reconcileFirewall() {
  const bool wanted = !facts_.networks.empty();
  if (!std::exchange(firewallTouched_, false) && firewallWanted_ == wanted) return;
  // Before the first lists, the host may have networks that are still unknown.
  if (!wanted && !facts_.listed) return;
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
      const auto container = facts_.containers.find(*known->second.container);
      if (container != facts_.containers.end()) who = container->second.name;
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

std::string Reconciler::problem(const NetworkId& id) const {
  const auto track = tracks_.find(id);
  return track == tracks_.end() ? "" : track->second.problem;
}

}  // namespace bgplb::reconcile
