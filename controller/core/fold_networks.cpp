#include "core/fold_networks.hpp"

#include "core/network_options.hpp"
#include "core/vip.hpp"

#include <algorithm>

namespace bgplb::core {

namespace {

constexpr const char* kAdvertiseLabel = "bgplb_advertise";
constexpr const char* kBridgeNameOption = "com.docker.network.bridge.name";

void countChange(Facts& facts, const NetworkId& id) {
  facts.networkChangedIn[id] = ++facts.revision;
}

void forgetVip(Facts& facts, const NetworkId& id, const Prefix& vip) {
  const auto holders = facts.byVip.find(vip);
  if (holders == facts.byVip.end()) return;
  holders->second.erase(id);
  if (holders->second.empty()) facts.byVip.erase(holders);
}

Touched holdersOf(const Facts& facts, const Prefix& vip) {
  const auto holders = facts.byVip.find(vip);
  return holders == facts.byVip.end() ? Touched{} : holders->second;
}

// Returns the other networks that have, or had, the same VIP.
Touched addVip(Facts& facts, const NetworkId& id, const Prefix& prefix) {
  // This also skips the placeholder IPv4 pool of an IPv6-only network.
  if (!prefix.isHost() || !prefix.address().isUsableUnicast()) return {};
  auto& network = facts.networks[id];
  auto& vip = prefix.family() == Family::V4 ? network.vip4 : network.vip6;
  if (vip == prefix) return {};
  Touched others = holdersOf(facts, prefix);
  if (vip) {
    forgetVip(facts, id, *vip);
    others.merge(holdersOf(facts, *vip));
  }
  vip = prefix;
  facts.byVip[prefix].insert(id);
  return others;
}

// The VIP networks with a VIP inside the subnet. The VIPs are sorted by address.
Touched vipsInside(const Facts& facts, const Prefix& subnet) {
  Touched touched;
  for (auto vip = facts.byVip.lower_bound(subnet);
       vip != facts.byVip.end() && subnet.contains(vip->first.address()); ++vip) {
    touched.insert(vip->second.begin(), vip->second.end());
  }
  return touched;
}

// The VIP networks whose containers reply over the bridge.
Touched repliesOver(const Facts& facts, const NetworkId& id, const DockerBridge& bridge) {
  Touched touched;
  for (const auto& [containerId, container] : facts.containers) {
    if (bridge.link == kSwarmGatewayBridge || container.others.contains(id)) {
      for (const auto& [network, endpoint] : container.attached) touched.insert(network);
    }
  }
  return touched;
}

Touched forgetBridge(Facts& facts, const NetworkId& id) {
  const auto bridge = facts.bridges.find(id);
  if (bridge == facts.bridges.end()) return {};
  Touched touched = repliesOver(facts, id, bridge->second);
  for (const auto& subnet : bridge->second.subnets) {
    const auto networks = facts.bySubnet.find(subnet);
    if (networks == facts.bySubnet.end()) continue;
    networks->second.erase(id);
    if (networks->second.empty()) facts.bySubnet.erase(networks);
    touched.merge(vipsInside(facts, subnet));
  }
  facts.bridges.erase(bridge);
  return touched;
}

// Returns the networks whose VIPs the bridge's subnets contain, or contained, and those whose
// containers reply over it.
Touched setBridge(Facts& facts, const NetworkId& id, DockerBridge bridge) {
  const auto known = facts.bridges.find(id);
  if (known != facts.bridges.end() && known->second == bridge) return {};
  Touched touched = forgetBridge(facts, id);
  for (const auto& subnet : bridge.subnets) {
    facts.bySubnet[subnet].insert(id);
    touched.merge(vipsInside(facts, subnet));
  }
  touched.merge(repliesOver(facts, id, bridge));
  facts.bridges[id] = std::move(bridge);
  return touched;
}

std::set<Prefix> unusableIn(const std::vector<Prefix>& subnets) {
  std::set<Prefix> unusable;
  for (const auto& subnet : subnets) {
    if (isStandIn(subnet)) continue;
    if (!subnet.isHost() || !subnet.address().isUsableUnicast()) unusable.insert(subnet);
  }
  return unusable;
}

void addFamilies(std::set<Family>& families, const std::optional<Address>& address4,
                 const std::optional<Address>& address6) {
  if (address4) families.insert(Family::V4);
  if (address6) families.insert(Family::V6);
}

void detach(Facts& facts, const Endpoint& endpoint, const EndpointId& id) {
  if (!endpoint.container) return;
  const auto container = facts.containers.find(*endpoint.container);
  if (container == facts.containers.end()) return;
  const auto attached = container->second.attached.find(endpoint.network);
  if (attached == container->second.attached.end() || attached->second != id) return;
  container->second.attached.erase(attached);
}

// An endpoint belongs to one network: the last one that dockerd reported.
Endpoint& endpointOf(Facts& facts, const NetworkId& network, const EndpointId& id,
                     Touched& touched) {
  auto& endpoint = facts.endpoints[id];
  const auto former = facts.networks.find(endpoint.network);
  if (former != facts.networks.end() && former->first != network) {
    detach(facts, endpoint, id);
    former->second.endpoints.erase(id);
    touched.insert(former->first);
  }
  facts.networks[network].endpoints.insert(id);
  endpoint.network = network;
  touched.insert(network);
  return endpoint;
}

DockerBridge bridgeOf(const NetworkReport& report) {
  DockerBridge bridge{.name = report.name, .link = "br-" + report.id.brief()};
  if (const auto name = report.options.find(kBridgeNameOption); name != report.options.end()) {
    bridge.link = name->second;
  }
  const auto label = report.labels.find(kAdvertiseLabel);
  bridge.advertise = label != report.labels.end() && label->second == "true";
  bridge.internal = report.internal;
  bridge.subnets = report.subnets;
  std::sort(bridge.subnets.begin(), bridge.subnets.end());
  return bridge;
}

}  // namespace

std::vector<Prefix> Network::vips() const {
  std::vector<Prefix> all;
  if (vip4) all.push_back(*vip4);
  if (vip6) all.push_back(*vip6);
  return all;
}

Touched networkCreated(Facts& facts, const NetworkId& id, std::optional<Prefix> vip4,
                       std::optional<Prefix> vip6, const NetworkOptions& options) {
  countChange(facts, id);
  facts.others.erase(id);
  auto& network = facts.networks[id];
  Touched touched{id};
  if (vip4) touched.merge(addVip(facts, id, *vip4));
  if (vip6) touched.merge(addVip(facts, id, *vip6));
  network.options = options;
  return touched;
}

Touched networkDeleted(Facts& facts, const NetworkId& id) {
  countChange(facts, id);
  const auto found = facts.networks.find(id);
  if (found == facts.networks.end()) return {id};  // the network's links may still exist
  for (const auto& endpointId : found->second.endpoints) {
    const auto endpoint = facts.endpoints.find(endpointId);
    if (endpoint == facts.endpoints.end()) continue;
    detach(facts, endpoint->second, endpointId);
    facts.endpoints.erase(endpoint);
  }
  Touched touched{id};
  for (const auto& vip : found->second.vips()) {
    forgetVip(facts, id, vip);
    touched.merge(holdersOf(facts, vip));
  }
  facts.networks.erase(found);
  return touched;
}

Touched endpointCreated(Facts& facts, const NetworkId& networkId, const EndpointId& id,
                        std::optional<Address> address4, std::optional<Address> address6,
                        std::optional<MacAddress> mac) {
  facts.others.erase(networkId);
  auto& network = facts.networks[networkId];
  Touched touched;
  for (const auto& address :
       {network.vip4 ? std::nullopt : address4, network.vip6 ? std::nullopt : address6}) {
    if (address) touched.merge(addVip(facts, networkId, Prefix::host(*address)));
  }
  auto& endpoint = endpointOf(facts, networkId, id, touched);
  if (mac) endpoint.mac = mac;
  addFamilies(endpoint.families, address4, address6);
  return touched;
}

void endpointReversePathFilter(Facts& facts, const EndpointId& id, unsigned mode) {
  const auto found = facts.endpoints.find(id);
  if (found != facts.endpoints.end()) found->second.reversePathFilter = mode;
}

Touched endpointLink(Facts& facts, const EndpointId& id, LinkState state) {
  const auto found = facts.endpoints.find(id);
  if (found == facts.endpoints.end()) return {};
  found->second.link = state;
  return {found->second.network};
}

Touched endpointLeft(Facts& facts, const NetworkId& network, const EndpointId& id) {
  if (!facts.listed && !facts.endpoints.contains(id)) {
    endpointCreated(facts, network, id, std::nullopt, std::nullopt, std::nullopt);
  }
  return endpointLink(facts, id, LinkState::Left);
}

Touched endpointDeleted(Facts& facts, const EndpointId& id) {
  const auto found = facts.endpoints.find(id);
  if (found == facts.endpoints.end()) return {};
  const NetworkId networkId = found->second.network;
  if (const auto network = facts.networks.find(networkId); network != facts.networks.end()) {
    network->second.endpoints.erase(id);
  }
  detach(facts, found->second, id);
  if (found->second.container) {
    const auto container = facts.containers.find(*found->second.container);
    if (container != facts.containers.end()) container->second.detachedIn = ++facts.revision;
  }
  facts.endpoints.erase(found);
  return {networkId};
}

bool changedSince(const Facts& facts, const NetworkId& id, Revision requested) {
  const auto found = facts.networkChangedIn.find(id);
  return found != facts.networkChangedIn.end() && found->second > requested;
}

void forgetRemovedNetworks(Facts& facts, Revision requested) {
  std::erase_if(facts.networkChangedIn, [&](const auto& entry) {
    const auto& [id, revision] = entry;
    return revision <= requested && !facts.networks.contains(id) && !facts.bridges.contains(id) &&
           !facts.others.contains(id);
  });
}

Touched networkReported(Facts& facts, const NetworkReport& report, bool ours, Revision requested) {
  if (changedSince(facts, report.id, requested)) return {};
  if (ours) {
    facts.others.erase(report.id);
    if (report.clusterWide && facts.networks.count(report.id) == 0) return {};
    auto& network = facts.networks[report.id];
    network.name = report.name;
    network.options = readableOptions(report.options);
    network.unusable = unusableIn(report.subnets);
    Touched touched{report.id};
    for (const auto& subnet : report.subnets) touched.merge(addVip(facts, report.id, subnet));
    return touched;
  }
  if (report.driver == "bridge") return setBridge(facts, report.id, bridgeOf(report));
  facts.others[report.id] = {report.name, report.driver, report.subnets};
  return {};
}

Touched networksReported(Facts& facts, const std::vector<NetworkReport>& all,
                         const std::set<NetworkId>& ours, const std::set<NetworkId>& inUse,
                         Revision requested) {
  Touched touched;
  std::set<NetworkId> seen;
  for (const auto& report : all) {
    if (changedSince(facts, report.id, requested)) continue;
    const bool own = ours.count(report.id) > 0;
    seen.insert(report.id);
    if (own && inUse.count(report.id) > 0) facts.networks.try_emplace(report.id);
    touched.merge(networkReported(facts, report, own, requested));
  }
  for (auto& [id, network] : facts.networks) {
    if (!changedSince(facts, id, requested)) network.listed = seen.count(id) > 0;
  }
  std::set<NetworkId> removed;
  for (const auto& [id, bridge] : facts.bridges) {
    if (seen.count(id) == 0 && !changedSince(facts, id, requested)) removed.insert(id);
  }
  for (const auto& id : removed) touched.merge(forgetBridge(facts, id));
  std::erase_if(facts.others, [&](const auto& entry) {
    return !seen.contains(entry.first) && !changedSince(facts, entry.first, requested);
  });
  return touched;
}

void forgetOtherNetworks(Facts& facts) { facts.others.clear(); }

void networkChanged(Facts& facts, const NetworkId& id) { countChange(facts, id); }

Touched bridgeDestroyed(Facts& facts, const NetworkId& id) {
  countChange(facts, id);
  return forgetBridge(facts, id);
}

void otherNetworkDestroyed(Facts& facts, const NetworkId& id) {
  if (facts.others.erase(id) > 0) countChange(facts, id);
}

Touched networksOf(const Facts& facts, const ContainerId& id) {
  Touched touched;
  const auto found = facts.containers.find(id);
  if (found == facts.containers.end()) return touched;
  for (const auto& [network, endpoint] : found->second.attached) touched.insert(network);
  if (found->second.holder) touched.merge(networksOf(facts, *found->second.holder));
  return touched;
}

Touched attach(Facts& facts, const ContainerId& id, const std::vector<Attachment>& attachments) {
  Touched touched = networksOf(facts, id);
  auto& container = facts.containers[id];
  container.attached.clear();
  container.others.clear();
  touched.merge(attachListed(facts, id, attachments));
  return touched;
}

Touched attachListed(Facts& facts, const ContainerId& id,
                     const std::vector<Attachment>& attachments) {
  Touched touched;
  auto& container = facts.containers[id];
  for (const auto& attachment : attachments) {
    if (facts.networks.count(attachment.network) == 0) {
      auto& families = container.others[attachment.network];
      addFamilies(families, attachment.address4, attachment.address6);
      continue;
    }
    container.others.erase(attachment.network);
    if (attachment.endpoint.empty()) continue;  // a stopped container has no endpoint
    const auto known = container.attached.emplace(attachment.network, attachment.endpoint);
    if (!known.second) continue;
    const bool isNew = !facts.endpoints.contains(attachment.endpoint);
    auto& endpoint = endpointOf(facts, attachment.network, attachment.endpoint, touched);
    endpoint.container = id;
    if (!endpoint.mac) endpoint.mac = attachment.mac;
    addFamilies(endpoint.families, attachment.address4, attachment.address6);
    if (isNew) endpoint.link = LinkState::Joined;  // Join was called before this program started
  }
  return touched;
}

}  // namespace bgplb::core
