#include "peering.hpp"

#include "core/link_names.hpp"

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

std::vector<std::string> ownAddressNotes(const settings::Settings& settings,
                                         const std::vector<HostAddress>& own) {
  std::vector<std::string> notes;
  if (!isOwn(own, settings.routerId)) {
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

std::uint16_t unusedPort(core::Instance instance) {
  return static_cast<std::uint16_t>(kUnusedPort + instance.number() - 1);
}

template <typename Value>
void setIfEmpty(std::optional<Value>& value, const std::optional<Value>& found) {
  if (!value) value = found;
}

}  // namespace

Peering peersFor(const settings::Settings& settings, reconcile::HostNetwork& host,
                 const Peering& previous) {
  const auto own = host.addresses();
  Peering peering{.peers = settings.peers,
                  .notes = ownAddressNotes(settings, own),
                  .needs = ownNeeds(settings, own)};
  for (auto& peer : peering.peers) {
    const std::string shown = peer.address.toString();
    std::optional<unsigned> hops;
    Address own4 = settings.routerId;
    std::optional<Address> nextHop6;
    if (const auto route = routeToPeer(host, peer.address)) {
      if (!route->gateway) hops = 1;
      if (!route->dev.empty()) peering.links.insert(route->dev);
      own4 = ownV4Towards(peer.address, *route, settings.routerId, own);
      if (route->gateway) peering.needs.nextHops.try_emplace(*route->gateway, peer.address);
      nextHop6 = settings.routerId6 ? settings.routerId6 : usableV6(own, route->ifIndex);
      if (nextHop6 && !isOwn(own, *nextHop6)) nextHop6.reset();
      if (!nextHop6 && !settings.routerId6 && !peer.nextHop6) {
        peering.notes.push_back(fmt::format(
            "{} has no IPv6 address that {} could use as next hop; no IPv6 is announced there "
            "(ROUTER_ID6 can name an address of another interface)",
            route->dev, shown));
      }
    } else {
      peering.notes.push_back(
          fmt::format("peer {}: {}; waiting for a route", shown, route.error().message));
      peering.needs.nextHops.merge(nextHopsTo(peer.address, previous.needs.nextHops));
      if (const auto* before = findPeer(previous.peers, peer.name)) {
        hops = before->hops;
        own4 = before->nextHop4.value_or(own4);
        nextHop6 = before->nextHop6;
      } else {
        hops = 1;
      }
    }
    setIfEmpty(peer.hops, hops);
    setIfEmpty(peer.nextHop4, std::optional(own4));
    setIfEmpty(peer.nextHop6, nextHop6);
    setIfEmpty(peer.source, peer.address.isV4() ? std::optional(own4) : nextHop6);
  }
  return peering;
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
