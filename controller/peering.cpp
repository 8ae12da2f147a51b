#include "peering.hpp"

#include "core/link_names.hpp"
#include "core/local_daemon.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bgplb {

namespace {

using reconcile::HostAddress;

bool isOwn(const std::vector<HostAddress>& own, const Address& address) {
  return std::any_of(own.begin(), own.end(), [&address](const HostAddress& candidate) {
    return candidate.address == address;
  });
}

// An IPv6 address of the interface that the peer can use as next hop: global and not tentative.
// Takes the lowest one, so that the choice is the same after every restart.
std::optional<Address> usableV6(const std::vector<HostAddress>& own, int ifIndex) {
  std::optional<Address> lowest;
  for (const auto& candidate : own) {
    const bool fits = candidate.ifIndex == ifIndex && candidate.usable &&
                      candidate.address.isV6() && candidate.address.isUsableUnicast();
    if (fits && (!lowest || candidate.address < *lowest)) lowest = candidate.address;
  }
  return lowest;
}

// The IPv4 address for a session with a peer on a connected network, and for its next hop:
// ROUTER_ID, unless that is the address of another uplink. A switch at the second uplink expects
// the host's address in its own subnet, and can reach no other. An address of the loopback
// interface
// (/32) is ROUTER_ID for all uplinks.
Address ownV4Towards(const Address& peer, const reconcile::RouteLookup& route,
                     const Address& routerId, const std::vector<HostAddress>& own) {
  const auto holder = std::find_if(own.begin(), own.end(), [&routerId](const HostAddress& held) {
    return held.address == routerId;
  });
  const bool ofUplink = holder != own.end() && !holder->subnet.isHost();
  if (route.gateway || !ofUplink || holder->ifIndex == route.ifIndex) return routerId;
  std::optional<Address> lowest;
  for (const auto& candidate : own) {
    const bool fits = candidate.ifIndex == route.ifIndex && candidate.usable &&
                      candidate.address.isV4() && !candidate.subnet.isHost() &&
                      (peer.isV6() || candidate.subnet.contains(peer));
    if (fits && (!lowest || candidate.address < *lowest)) lowest = candidate.address;
  }
  return lowest.value_or(routerId);
}

// Whether the peer is a routing daemon of this host.
bool isOnThisHost(const Address& peer, const settings::Settings& settings,
                  const std::vector<HostAddress>& own) {
  return peer.isLoopback() || peer == settings.routerId || peer == settings.routerId6 ||
         isOwn(own, peer);
}

std::vector<std::string> ownAddressNotes(const settings::Settings& settings,
                                         const std::vector<HostAddress>& own) {
  std::vector<std::string> notes;
  const bool isSource =
      std::any_of(settings.peers.begin(), settings.peers.end(), [&](const core::Peer& peer) {
        return peer.address.isV4() && !isOnThisHost(peer.address, settings, own);
      });
  if (isSource && !isOwn(own, settings.routerId)) {
    notes.push_back(fmt::format("ROUTER_ID {} is not an address of this host; waiting for it",
                                settings.routerId.toString()));
  }
  if (settings.routerId6 && !isOwn(own, *settings.routerId6)) {
    notes.push_back(fmt::format(
        "ROUTER_ID6 {} is not an address of this host; no IPv6 is announced until it is",
        settings.routerId6->toString()));
  }
  return notes;
}

const core::Peer* findPeer(const std::vector<core::Peer>& peers, const std::string& name) {
  const auto found = std::find_if(peers.begin(), peers.end(),
                                  [&name](const core::Peer& peer) { return peer.name == name; });
  return found == peers.end() ? nullptr : &*found;
}

core::HostNeeds ownNeeds(const settings::Settings& settings, const std::vector<HostAddress>& own) {
  core::HostNeeds needs;
  for (const auto& held : own) {
    needs.addresses.insert(held.address);
    needs.connected.insert(held.subnet);
  }
  // The host may not have these addresses yet.
  needs.addresses.insert(settings.routerId);
  if (settings.routerId6) needs.addresses.insert(*settings.routerId6);
  for (const auto& peer : settings.peers) needs.peers.insert(peer.address);
  return needs;
}

// The next hops towards one peer.
std::map<Address, Address> nextHopsTo(const Address& peer, const std::map<Address, Address>& all) {
  std::map<Address, Address> hops;
  for (const auto& hop : all) {
    if (hop.second == peer) hops.insert(hop);
  }
  return hops;
}

// While a VIP's host route takes over the peer's traffic, until the VIP is withdrawn, the kernel
// names the VIP network's bridge.
Result<reconcile::RouteLookup> routeToPeer(reconcile::HostNetwork& host, const Address& peer) {
  auto route = host.routeTo(peer);
  if (route && route->dev.starts_with(core::kBridgePrefix)) {
    return notFound(fmt::format("route get {}: through the VIP network's bridge {}",
                                peer.toString(), route->dev));
  }
  return route;
}

// What the host's addresses and routes say about a peer.
struct Derived {
  std::optional<unsigned> hops;
  std::optional<Address> source;
  std::optional<Address> nextHop4;
  std::optional<Address> nextHop6;
};

// A session to an IPv4 peer waits for its source, `own4`. On a host without IPv4, ROUTER_ID is only
// the BGP identifier (RFC 6286), and no router could use it as next hop.
void useAddresses(Derived& derived, const Address& peer, const Address& own4,
                  const std::optional<Address>& own6, const std::vector<HostAddress>& own) {
  derived.source = peer.isV4() ? std::optional(own4) : own6;
  if (peer.isV4() || isOwn(own, own4)) derived.nextHop4 = own4;
  derived.nextHop6 = own6;
}

Derived onThisHost(const Address& peer) {
  return {.hops = 1,
          .source = peer.isV4() ? core::localSource() : peer,
          .nextHop4 = core::localNextHop(Family::V4),
          .nextHop6 = core::localNextHop(Family::V6)};
}

Derived withoutRoute(const core::Peer& peer, const core::Peer* before, const Address& routerId,
                     const std::vector<HostAddress>& own) {
  if (before != nullptr) return {before->hops, before->source, before->nextHop4, before->nextHop6};
  Derived derived{.hops = 1};
  useAddresses(derived, peer.address, routerId, std::nullopt, own);
  return derived;
}

Derived withRoute(const core::Peer& peer, const reconcile::RouteLookup& route,
                  const settings::Settings& settings, const std::vector<HostAddress>& own) {
  Derived derived;
  if (!route.gateway) derived.hops = 1;
  auto own6 = settings.routerId6 ? settings.routerId6 : usableV6(own, route.ifIndex);
  if (own6 && !isOwn(own, *own6)) own6.reset();
  useAddresses(derived, peer.address, ownV4Towards(peer.address, route, settings.routerId, own),
               own6, own);
  return derived;
}

std::uint16_t unusedPort(core::Instance instance) {
  return static_cast<std::uint16_t>(kUnusedPort + instance.number() - 1);
}

template <typename Value>
void setIfEmpty(std::optional<Value>& value, const std::optional<Value>& found) {
  if (!value) value = found;
}

void complete(core::Peer& peer, const Derived& derived) {
  setIfEmpty(peer.hops, derived.hops);
  setIfEmpty(peer.source, derived.source);
  setIfEmpty(peer.nextHop4, derived.nextHop4);
  setIfEmpty(peer.nextHop6, derived.nextHop6);
}

void noteWithheld(Peering& peering, const core::Peer& peer, const std::string& dev,
                  const settings::Settings& settings) {
  const std::string shown = peer.address.toString();
  if (!peer.nextHop4) {
    peering.withheld[Family::V4].push_back(fmt::format(
        "ROUTER_ID {} is not an address of this host, so {} has no next hop for IPv4; no IPv4 is "
        "announced there",
        settings.routerId.toString(), shown));
  }
  if (!peer.nextHop6 && !settings.routerId6) {
    peering.withheld[Family::V6].push_back(fmt::format(
        "{} has no IPv6 address that {} could use as next hop; no IPv6 is announced there "
        "(ROUTER_ID6 can name an address of another interface)",
        dev, shown));
  }
}

}  // namespace

Peering peersFor(const settings::Settings& settings, reconcile::HostNetwork& host,
                 const Peering& previous) {
  const auto own = host.addresses();
  Peering peering{.peers = settings.peers,
                  .notes = ownAddressNotes(settings, own),
                  .needs = ownNeeds(settings, own)};
  for (auto& peer : peering.peers) {
    if (isOnThisHost(peer.address, settings, own)) {
      complete(peer, onThisHost(peer.address));
      continue;
    }
    const auto route = routeToPeer(host, peer.address);
    if (!route) {
      peering.notes.push_back(fmt::format("peer {}: {}; waiting for a route",
                                          peer.address.toString(), route.error().message));
      peering.needs.nextHops.merge(nextHopsTo(peer.address, previous.needs.nextHops));
      complete(peer,
               withoutRoute(peer, findPeer(previous.peers, peer.name), settings.routerId, own));
      continue;
    }
    if (!route->dev.empty()) peering.links.insert(route->dev);
    if (route->gateway) peering.needs.nextHops.try_emplace(*route->gateway, peer.address);
    complete(peer, withRoute(peer, *route, settings, own));
    noteWithheld(peering, peer, route->dev, settings);
  }
  return peering;
}

VipFamilies vipFamilies(const core::Facts& facts) {
  if (facts.byVip.empty()) return {};
  return {.ipv4 = facts.byVip.begin()->first.family() == Family::V4,  // IPv4 sorts first
          .ipv6 = facts.byVip.rbegin()->first.family() == Family::V6};
}

std::set<std::string> problemsOf(const Peering& peering, const VipFamilies& vips) {
  std::set<std::string> problems(peering.notes.begin(), peering.notes.end());
  for (const auto& [family, reasons] : peering.withheld) {
    if (family == Family::V4 ? vips.ipv4 : vips.ipv6) {
      problems.insert(reasons.begin(), reasons.end());
    }
  }
  return problems;
}

core::RoutingConfig routingConfig(const settings::Settings& settings,
                                  std::vector<core::Peer> peers) {
  return {.routerId = settings.routerId,
          .localAs = settings.localAs,
          .listenPort = settings.routerPort.value_or(unusedPort(settings.instance)),
          .holdTime = settings.holdTime,
          .gracefulRestart = settings.gracefulRestart,
          .gracefulRestartTime = settings.gracefulRestartTime,
          .allowedPrefixes = settings.allowedPrefixes,
          .peers = std::move(peers)};
}

}  // namespace bgplb
