#include "reconcile/garbage.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <utility>

namespace bgplb::reconcile {

namespace {

bool isAttached(const core::Facts& facts, const EndpointId& id) {
  const auto attaches = [&id](const auto& entry) {
    const core::Container& container = entry.second;
    if (container.run == core::RunState::Stopped) return false;
    return std::any_of(container.attached.begin(), container.attached.end(),
                       [&id](const auto& attachment) { return attachment.second == id; });
  };
  return std::any_of(facts.containers.begin(), facts.containers.end(), attaches);
}

}  // namespace

bool Garbage::isOld(const std::string& what, TimePoint now) {
  const auto known = before_.find(what);
  const TimePoint since = known == before_.end() ? now : known->second;
  seen_[what] = since;
  return now - since >= kAge;
}

core::Touched Garbage::collect(const std::set<std::string>& inUse, TimePoint now) {
  if (!facts_.listed) return {};
  core::Touched touched = collectEndpoints(now);
  touched.merge(collectNetworks(now));
  collectLinks(inUse, now);
  before_ = std::exchange(seen_, {});
  return touched;
}

// Removes endpoints for which dockerd died before it called DeleteEndpoint. The kernel has removed
// their veth pairs together with the container's namespace.
core::Touched Garbage::collectEndpoints(TimePoint now) {
  std::set<EndpointId> old;
  for (const auto& [id, endpoint] : facts_.endpoints) {
    if (kernel_.hasVeth(core::vethHostName(id)) || isAttached(facts_, id)) continue;
    if (endpoint.link == core::LinkState::Joining) continue;
    if (isOld("endpoint " + id.value, now)) old.insert(id);
  }
  core::Touched touched;
  for (const auto& id : old) {
    log::info("endpoint {}: forgotten, it has neither a link nor a container", id.brief());
    touched.merge(core::endpointDeleted(facts_, id));
  }
  return touched;
}

core::Touched Garbage::collectNetworks(TimePoint now) {
  std::set<NetworkId> old;
  for (const auto& [id, network] : facts_.networks) {
    if (network.listed || !network.endpoints.empty()) continue;
    if (isOld("network " + id.value, now)) old.insert(id);
  }
  core::Touched touched;
  for (const auto& id : old) {
    log::info("network {}: removed, Docker no longer lists it", id.brief());
    touched.merge(core::networkDeleted(facts_, id));
  }
  return touched;
}

// Removes veth pairs before their bridge: without the bridge we could not prove that they are ours.
void Garbage::collectLinks(const std::set<std::string>& inUse, TimePoint now) {
  std::set<std::string> wanted = inUse;
  for (const auto& [id, network] : facts_.networks) wanted.insert(core::bridgeName(id));
  // Of a plugin that had this plugin's INSTANCE, and that may be disabled at the moment.
  for (const auto& [id, other] : facts_.others) {
    const std::string bridge = core::bridgeName(id);
    wanted.merge(kernel_.observe(bridge).veths);
    wanted.insert(bridge);
  }
  for (const auto& [id, endpoint] : facts_.endpoints) wanted.insert(core::vethHostName(id));
  bool allRemoved = true;
  const auto remove = [&](const std::string& link) {
    if (wanted.count(link) > 0 || !isOld("link " + link, now)) return;
    if (!core::isVethHostName(link) && !allRemoved) return;
    const auto removed = kernel_.apply(core::LinkDel{link});
    if (removed) {
      log::info("leftover link {}: removed, its network or container no longer exists", link);
    } else {
      allRemoved = false;
      log::warning("cannot remove leftover link {}: {}", link, removed.error().message);
    }
  };
  const auto own = kernel_.ownLinks();
  for (const auto& link : own) {
    if (core::isVethHostName(link)) remove(link);
  }
  for (const auto& link : own) {
    if (!core::isVethHostName(link)) remove(link);
  }
}

}  // namespace bgplb::reconcile
