#include "uplink.hpp"

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

// The address of the interface that the peer can use as a next hop: global, settled, and the lowest,
// so that the same one is chosen after every restart.
std::optional<Address> usableV6(const std::vector<HostAddress>& own, int ifIndex) {
  std::optional<Address> lowest;
  for (const auto& candidate : own) {
    const bool fits = candidate.ifIndex == ifIndex && candidate.usable &&
                      candidate.address.isV6() && candidate.address.isUsableUnicast();
    if (fits && (!lowest || candidate.address < *lowest)) lowest = candidate.address;
  }
  return lowest;
}

}  // namespace

Uplink findUplink(const Settings& settings, reconcile::Kernel& kernel,
                  const std::optional<core::BirdModel>& previous) {
  Uplink uplink;
  core::BirdModel& model = uplink.model;
  model.routerId = settings.routerId;
  model.localAs = settings.localAs;
  model.listenPort = settings.routerPort.value_or(kUnusedPort);
  model.holdTime = settings.holdTime;
  model.gracefulRestart = settings.gracefulRestart;
  model.gracefulRestartTime = settings.gracefulRestartTime;

  const auto own = kernel.addresses();
  if (!isOwn(own, settings.routerId)) {
    uplink.notes.push_back(fmt::format(
        "ROUTER_ID {} is not an address of this host; waiting for it", settings.routerId.toString()));
  }
  if (settings.routerId6 && !isOwn(own, *settings.routerId6)) {
    uplink.notes.push_back(
        fmt::format("ROUTER_ID6 {} is not an address of this host; no IPv6 is announced until it is",
                    settings.routerId6->toString()));
  }

  for (std::size_t i = 0; i < settings.peers.size(); ++i) {
    const auto& setting = settings.peers[i];
    core::BirdPeer peer{.address = setting.address, .as = setting.as, .password = setting.password};
    std::optional<Address> nextHop6;
    const auto way = kernel.routeTo(setting.address);
    if (way) {
      peer.multihop = way->gateway.has_value();
      nextHop6 = usableV6(own, way->ifIndex);
      if (settings.routerId6) {
        nextHop6 = isOwn(own, *settings.routerId6) ? settings.routerId6 : std::nullopt;
      } else if (!nextHop6) {
        uplink.notes.push_back(fmt::format(
            "{} has no IPv6 address that {} could use as next hop; no IPv6 is announced there "
            "(ROUTER_ID6 names one on another interface)",
            way->dev, setting.address.toString()));
      }
    } else {
      uplink.notes.push_back(fmt::format("peer {}: {}; waiting for a route",
                                         setting.address.toString(), way.error().message));
      if (previous && previous->peers.size() == settings.peers.size()) {
        peer.multihop = previous->peers[i].multihop;
        nextHop6 = previous->nextHop6[i];
      }
    }
    model.peers.push_back(std::move(peer));
    model.nextHop6.push_back(nextHop6);
  }
  return uplink;
}

}  // namespace bgplb
