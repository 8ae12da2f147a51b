#include "fuzz/sequences/properties.hpp"

#include "json/read.hpp"
#include "netlink/codec.hpp"

#include <fmt/format.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>

#include <algorithm>

namespace bgplb::fuzz {

using test::Violation;

namespace {

constexpr core::Instance kInstance;

// The entries of `after` that `before` does not have with the same value.
template <typename Map, typename Check>
void forNew(const Map& before, const Map& after, const Check& check) {
  for (const auto& [key, value] : after) {
    if (value.maker != Maker::Controller) continue;
    const auto known = before.find(key);
    if (known == before.end() || known->second != value) check(key, value);
  }
}

bool isTableOf(std::uint32_t first, unsigned table) {
  return table > first && table <= first + core::kSlots;
}

bool isOurRule(const SimRule& rule) {
  const bool udp = rule.ipProtocol != 0;
  const unsigned slot = rule.table - (udp ? kInstance.udpTable() : kInstance.slotTable());
  return rule.protocol == kInstance.routeProtocol() && slot >= 1 && slot <= core::kSlots &&
         (!udp || rule.ipProtocol == IPPROTO_UDP) && rule.mark == slot << core::kSlotMarkShift &&
         rule.mask == core::kSlotMarkMask &&
         rule.priority == (udp ? core::kUdpRulePriority : core::kSlotRulePriority) + slot;
}

std::string difference(const KernelState& before, const KernelState& after) {
  return fmt::format("before:\n{}after:\n{}", toText(before), toText(after));
}

// The link of a route: its own, or that of its next hops. 0: several or none.
int linkOf(const KernelState& state, const SimRoute& route) {
  if (route.nextHop == 0) return route.link;
  const auto hop = state.nextHops.find(route.nextHop);
  if (hop == state.nextHops.end()) return 0;
  if (hop->second.members.empty()) return hop->second.link;
  std::set<int> links;
  for (const auto member : hop->second.members) links.insert(state.nextHops.at(member).link);
  return links.size() == 1 ? *links.begin() : 0;
}

bool isPrintable(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](unsigned char c) { return c >= 0x20 && c < 0x7f; });
}

bool isObject(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_object();
}

// The contract is in libnetwork's drivers/remote/api and ipams/remote/api.
bool hasContractFields(std::string_view path, const boost::json::object& body) {
  const auto prefix = [&body](std::string_view key) {
    return Prefix::parse(textOr(body, key)).has_value();
  };
  if (path == "/IpamDriver.RequestPool") {
    return prefix("Pool") && !textOr(body, "PoolID").empty() && isObject(body, "Data");
  }
  if (path == "/IpamDriver.RequestAddress") return prefix("Address") && isObject(body, "Data");
  if (path == "/NetworkDriver.CreateEndpoint") return isObject(body, "Interface");
  if (path == "/NetworkDriver.AllocateNetwork") return isObject(body, "Options");
  if (path == "/NetworkDriver.EndpointOperInfo") return isObject(body, "Value");
  if (path == "/NetworkDriver.GwAllocCheck") return body.contains("SkipIPv4");
  if (path == "/NetworkDriver.Join") {
    if (!isObject(body, "InterfaceName")) return false;
    const std::string source = textOr(body.at("InterfaceName").get_object(), "SrcName");
    return source.starts_with("bgc") && source.size() <= 15;  // IFNAMSIZ
  }
  return body.empty();
}

}  // namespace

void Properties::named(const NetworkId& network, const std::vector<Prefix>& vips) {
  networks_.insert(network);
  bridges_[core::bridgeName(network)].insert(vips.begin(), vips.end());
}

void Properties::named(const EndpointId& endpoint) {
  endpoints_.insert(endpoint);
  hostEnds_.insert(core::vethHostName(endpoint));
  containerEnds_.insert(core::vethContainerName(endpoint));
}

bool Properties::isOurs(const KernelState& state, int index) const {
  const auto found = state.links.find(index);
  if (found == state.links.end()) return false;
  const SimLink& link = found->second;
  if (link.maker == Maker::Controller) return true;
  if (link.kind == "bridge") return bridges_.contains(link.name);
  if (link.kind != "veth") return false;
  if (hostEnds_.contains(link.name) || containerEnds_.contains(link.name)) return true;
  return core::isVethHostName(link.name) && isOurs(state, link.master);
}

// If a link of this plugin is removed, the kernel removes the objects of other programs on it, too.
// It also removes their routes when the link is set down, and their next hops when it loses its
// carrier.
KernelState Properties::foreignPart(const KernelState& state, const KernelState& after) const {
  KernelState part = state;
  const auto ours = [&](int link) { return isOurs(state, link); };
  const auto isGone = [&](int link) { return ours(link) && !after.links.contains(link); };
  const auto isDown = [&](int link) {
    return isGone(link) || (ours(link) && !after.links.at(link).running);
  };
  const auto onOurBridge = [&](int port) {
    const auto link = state.links.find(port);
    return link != state.links.end() && (ours(port) || ours(link->second.master));
  };
  std::erase_if(part.links, [&](const auto& entry) { return ours(entry.first); });
  for (auto& [index, link] : part.links) {
    if (ours(link.master)) link.master = 0;
    if (dockerLinks_.contains(link.name)) link.rpFilter = 0;
  }
  std::erase_if(part.addresses, [&](const auto& address) { return isGone(address.link); });
  std::erase_if(part.neighbors, [&](const auto& entry) { return ours(entry.first.first); });
  std::erase_if(part.forwarding, [&](const auto& entry) { return onOurBridge(entry.first.first); });
  std::erase_if(part.nextHops, [&](const auto& entry) {
    return entry.second.maker == Maker::Controller || isDown(entry.second.link);
  });
  std::erase_if(part.nextHops, [&](const auto& entry) {
    return std::any_of(entry.second.members.begin(), entry.second.members.end(),
                       [&](std::uint32_t member) { return !part.nextHops.contains(member); });
  });
  std::erase_if(part.routes, [&](const auto& entry) {
    const SimRoute& route = entry.second;
    return route.maker == Maker::Controller || isDown(route.link) ||
           (route.nextHop != 0 && !part.nextHops.contains(route.nextHop));
  });
  std::erase_if(part.rules, [](const auto& rule) { return rule.maker == Maker::Controller; });
  return part;
}

std::string Properties::refusal(const reconcile::Reconciler& reconciler, const Prefix& vip) {
  const Address& address = vip.address();
  const auto& needs = reconciler.hostNeeds();
  if (!vip.isHost()) return "is not one address";
  if (!address.isUsableUnicast()) return "is not usable";
  if (needs.addresses.contains(address)) return "is an address of the host";
  if (needs.peers.contains(address)) return "is a peer";
  if (needs.nextHops.contains(address)) return "is a next hop towards a peer";
  for (const auto& [id, bridge] : reconciler.facts().bridges) {
    for (const auto& subnet : bridge.subnets) {
      if (subnet.contains(address)) return "is inside the subnet of " + bridge.name;
    }
  }
  const auto& allowed = reconciler.policy().allowedPrefixes;
  const bool inside = std::any_of(allowed.begin(), allowed.end(),
                                  [&](const Prefix& outer) { return outer.contains(address); });
  return inside || allowed.empty() ? "" : "is outside of ALLOWED_PREFIXES";
}

bool Properties::isGateway(const reconcile::Reconciler& reconciler, const Prefix& prefix) {
  const auto& bridges = reconciler.facts().bridges;
  return std::any_of(bridges.begin(), bridges.end(), [&](const auto& entry) {
    const auto& subnets = entry.second.subnets;
    return entry.second.advertise &&
           std::find(subnets.begin(), subnets.end(), prefix) != subnets.end();
  });
}

void Properties::checkLink(const SimLink& link) const {
  const bool bridge = link.kind == "bridge" && bridges_.contains(link.name);
  const bool end =
      link.kind == "veth" && (hostEnds_.contains(link.name) || containerEnds_.contains(link.name));
  if (!bridge && !end) throw Violation{"made the link " + link.name + " that nobody asked for"};
}

void Properties::checkRoute(const KernelState& state, const RouteKey& key, const SimRoute& route,
                            const reconcile::Reconciler& reconciler,
                            const test::CheckedRouting& routing) const {
  const Prefix& vip = key.destination;
  const auto wrong = [&](const std::string& why) {
    throw Violation{fmt::format("route to {} in table {}: {}", vip.toString(), key.table, why)};
  };
  if (route.protocol != kInstance.routeProtocol()) wrong("without the plugin's protocol");
  const bool slot =
      isTableOf(kInstance.slotTable(), key.table) || isTableOf(kInstance.udpTable(), key.table);
  if (key.table != RT_TABLE_MAIN && !slot) wrong("in a table of others");
  if (!slot && key.metric != netlink::routeMetric(vip.family())) wrong("with another metric");
  const int link = linkOf(state, route);
  if (!isOurs(state, link)) wrong("on a link of others");
  const std::string& bridge = state.links.at(link).name;
  const auto asked = bridges_.find(bridge);
  if (asked == bridges_.end() || !asked->second.contains(vip)) wrong("dockerd never named the VIP");
  const auto& networks = reconciler.facts().networks;
  const bool known = std::any_of(networks.begin(), networks.end(), [&](const auto& entry) {
    const auto vips = entry.second.vips();
    return core::bridgeName(entry.first) == bridge &&
           std::find(vips.begin(), vips.end(), vip) != vips.end();
  });
  if (!known) wrong("the network of " + bridge + " does not have the VIP");
  const std::string refused = refusal(reconciler, vip);
  if (!refused.empty() && (!slot || !routing.mayBeAnnounced(vip))) wrong("the VIP " + refused);
}

void Properties::checkRequest(const KernelState& before, const KernelState& after,
                              const nlmsghdr& request, const reconcile::Reconciler& reconciler,
                              const test::CheckedRouting& routing) const {
  const auto foreignBefore = foreignPart(before, after);
  const auto foreignAfter = foreignPart(after, after);
  if (foreignBefore != foreignAfter) {
    throw Violation{fmt::format("request {} changed objects of other programs\n{}",
                                request.nlmsg_type, difference(foreignBefore, foreignAfter))};
  }
  for (const auto& address : after.addresses) {
    if (!before.addresses.contains(address)) throw Violation{"added an address"};
  }
  for (const auto& address : before.addresses) {
    if (!after.addresses.contains(address) && after.links.contains(address.link)) {
      throw Violation{"removed the address " + address.address.toString()};
    }
  }
  forNew(before.links, after.links, [&](int, const SimLink& link) { checkLink(link); });
  forNew(before.neighbors, after.neighbors, [&](const auto& key, const SimNeighbor&) {
    if (!isOurs(after, key.first)) throw Violation{"added a neighbour on a link of others"};
  });
  forNew(before.forwarding, after.forwarding, [&](const auto& key, const SimNeighbor&) {
    if (!isOurs(after, key.first) || !isOurs(after, after.links.at(key.first).master)) {
      throw Violation{"added a forwarding entry on a port of others"};
    }
  });
  forNew(before.nextHops, after.nextHops, [&](std::uint32_t id, const SimNextHop& hop) {
    const bool ours = hop.members.empty() ? isOurs(after, hop.link)
                                          : isOurs(after, linkOf(after, {.nextHop = id}));
    if (hop.protocol != kInstance.routeProtocol() || !ours) {
      throw Violation{fmt::format("added nexthop {:x} that is not recognised as ours", id)};
    }
  });
  forNew(before.routes, after.routes, [&](const RouteKey& key, const SimRoute& route) {
    checkRoute(after, key, route, reconciler, routing);
  });
  for (const auto& rule : after.rules) {
    if (rule.maker != Maker::Controller || before.rules.contains(rule)) continue;
    if (!isOurRule(rule)) throw Violation{"added a rule that is not recognised as ours"};
  }
}

void Properties::checkAnswer(std::string_view path, const docker::PluginAnswer& answer) {
  const auto wrong = [&](const char* why) {
    throw Violation{fmt::format("{}: {}: status {}, {}", path, why, answer.status, answer.body)};
  };
  const auto body = parseObject(answer.body);
  if (!body) return wrong("the answer is not JSON");
  if (answer.status == 200) {
    if (body->contains("Err") || body->contains("Error")) wrong("an error with status 200");
    if (!hasContractFields(path, *body)) wrong("fields of the contract are missing");
    return;
  }
  if (answer.status < 400 || answer.status > 503) wrong("an impossible status");
  const std::string text = textOr(*body, "Err");
  if (text != textOr(*body, "Error") || !isPrintable(text)) wrong("no printable error");
}

void Properties::checkStep(const KernelState& state, const reconcile::Reconciler& reconciler,
                           const test::CheckedRouting& routing, bool current) const {
  const auto& facts = reconciler.facts();
  const auto tooMany = [](const char* what, std::size_t count, std::size_t most) {
    if (count > most) throw Violation{fmt::format("{} {}, but {} asked for", count, what, most)};
  };
  tooMany("networks", facts.networks.size(), networks_.size());
  tooMany("endpoints", facts.endpoints.size(), endpoints_.size());
  tooMany("containers", facts.containers.size(), containers_.size());
  std::size_t vips = 0;
  for (const auto& [bridge, all] : bridges_) vips += all.size();
  const auto made = [](const auto& objects) {
    return static_cast<std::size_t>(
        std::count_if(objects.begin(), objects.end(),
                      [](const auto& entry) { return entry.second.maker == Maker::Controller; }));
  };
  const std::size_t backends = endpoints_.size();
  tooMany("links", made(state.links), bridges_.size() + 2 * backends);
  tooMany("forwarding entries", made(state.forwarding), backends);
  // A network with both families has two of each for a backend.
  tooMany("neighbours", made(state.neighbors), 2 * backends * bridges_.size());
  // The groups are nexthop objects as well. A backend with a new MAC address has its former next
  // hop, too, while another action for its network fails.
  tooMany("nexthops", made(state.nextHops), 2 * (backends + 2) * bridges_.size());
  tooMany("routes", made(state.routes), vips * (backends + 1));
  tooMany("rules", state.rules.size(), 2 * backends + 8);
  if (!current) return;
  for (const auto& address : state.addresses) {
    const Prefix own = Prefix::host(address.address);
    if (!routing.wanted.contains(own) || isGateway(reconciler, own)) continue;
    throw Violation{"announces the host's address " + own.toString()};
  }
}

void Properties::checkNothingLeft(const KernelState& state, const reconcile::Reconciler& reconciler,
                                  const test::CheckedRouting& routing) {
  KernelState ours = state;
  const auto foreign = [](const auto& entry) { return entry.second.maker == Maker::Other; };
  std::erase_if(ours.links, foreign);
  std::erase_if(ours.neighbors, foreign);
  std::erase_if(ours.forwarding, foreign);
  std::erase_if(ours.nextHops, foreign);
  std::erase_if(ours.routes, foreign);
  std::erase_if(ours.rules, [](const auto& rule) { return rule.maker == Maker::Other; });
  ours.addresses.clear();
  if (ours != KernelState{}) {
    throw Violation{"left in the kernel after everything was removed:\n" + toText(ours)};
  }
  if (!reconciler.facts().networks.empty()) throw Violation{"a removed network is still known"};
  if (!routing.wanted.empty()) {
    throw Violation{"still announced: " + routing.wanted.begin()->toString()};
  }
}

}  // namespace bgplb::fuzz
