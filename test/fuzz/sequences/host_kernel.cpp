// The other programs on the simulated host, and the faults of its kernel.
#include "fuzz/sequences/host.hpp"
#include "fuzz/sequences/values.hpp"

#include "support/build.hpp"

#include <linux/rtnetlink.h>

#include <cerrno>

namespace bgplb::fuzz {

namespace {

constexpr unsigned char kForeignProtocols[] = {RTPROT_STATIC, RTPROT_BIRD, RTPROT_BOOT,
                                               core::Instance(2).routeProtocol()};
constexpr std::uint32_t kOurIds = core::Instance{}.firstNextHopId();

// The single address of a value; none: it has no address.
std::optional<Prefix> hostOf(unsigned which) {
  const auto prefix = Prefix::parse(pick(kVips, which));
  return prefix ? std::optional(Prefix::host(prefix->address())) : std::nullopt;
}

}  // namespace

// The uplink, Docker's bridge, a bridge of the controller, or a link with a name like ours.
int Host::linkOf(unsigned which) const {
  constexpr const char* kNames[] = {
      "eth0",           "docker0", "bgplb-aaaaaaaaa", "bgplb-bbbbbbbbb", "bgplb-ccccccccc",
      "bgle1e1e1e1e1e1"};
  return kernel_.state().find(kNames[which % std::size(kNames)]);
}

void Host::foreignLink(const Step& step) {
  const std::string& name = pick(kLinks, step.a);
  const int index = kernel_.state().find(name);
  const auto* link = index == 0 ? nullptr : &kernel_.state().links.at(index);
  switch (step.c % 5) {
    case 0:
    case 1: {
      constexpr const char* kKinds[] = {"bridge", "veth", "dummy", ""};
      kernel_.addLink({.name = name,
                       .kind = kKinds[step.b % std::size(kKinds)],
                       .up = step.c % 5 == 0,
                       .mac = test::mac("02:ee:00:00:00:01"),
                       .peerUp = true});
      return;
    }
    case 2:
      if (link != nullptr && link->maker == Maker::Other) kernel_.removeLink(index);
      return;
    case 3:
      if (link != nullptr && link->maker == Maker::Other) {
        kernel_.changeLink(index, [](SimLink& changed) { changed.up = !changed.up; });
      }
      return;
    default: {
      const int bridge = linkOf(step.b);
      const bool isBridge =
          bridge != 0 && kernel_.state().links.at(bridge).kind == "bridge" && bridge != index;
      if (link != nullptr && link->kind != "bridge" && isBridge) {
        kernel_.changeLink(index, [bridge](SimLink& changed) { changed.master = bridge; });
      }
    }
  }
}

void Host::foreignAddress(const Step& step) {
  const auto host = hostOf(step.a);
  const int link = linkOf(step.b);
  if (!host || link == 0) return;
  const SimAddress address{link, host->address(), *host};
  if (step.c % 2 == 0) {
    kernel_.addAddress(address);
  } else {
    kernel_.removeAddress(address);
  }
}

void Host::foreignRoute(const Step& step) {
  const auto prefix = Prefix::parse(pick(kVips, step.a));
  const int link = linkOf(step.b);
  if (!prefix || link == 0) return;
  constexpr unsigned kMetrics[] = {0, 1, 20, 1024};
  unsigned metric = kMetrics[step.c % std::size(kMetrics)];
  if (prefix->family() == Family::V6 && metric == 0) metric = 1024;
  constexpr core::Instance kInstance;
  constexpr unsigned kTables[] = {kInstance.slotTable() + 1, RT_TABLE_MAIN,
                                  kInstance.udpTable() + 1};
  const unsigned table = kTables[step.c / 4 % std::size(kTables)];
  const RouteKey key{table, *prefix, metric};
  const auto known = kernel_.state().routes.find(key);
  const bool ours =
      known != kernel_.state().routes.end() && known->second.maker == Maker::Controller;
  if (step.c / 12 % 3 == 2) {
    if (!ours) kernel_.removeRoute(key);
    return;
  }
  kernel_.addRoute(
      key, {.protocol = kForeignProtocols[step.c % std::size(kForeignProtocols)], .link = link});
}

void Host::foreignRuleOrNextHop(const Step& step) {
  const unsigned slot = 1 + step.b % 3;
  const Family family = step.c % 2 == 0 ? Family::V4 : Family::V6;
  // Like a rule of ours, except for the protocol.
  const SimRule rule{.family = family,
                     .priority = core::kSlotRulePriority + slot,
                     .table = core::Instance{}.slotTable() + slot,
                     .mark = slot << core::kSlotMarkShift,
                     .mask = core::kSlotMarkMask,
                     .protocol = RTPROT_STATIC};
  const std::uint32_t id = (step.c % 4 < 2 ? 1 : kOurIds + 1) + step.b % 4;
  const auto known = kernel_.state().nextHops.find(id);
  const bool free = known == kernel_.state().nextHops.end();
  switch (step.a % 5) {
    case 0: kernel_.addRule(rule); return;
    case 1: kernel_.removeRule(rule); return;
    case 2: {
      const int link = linkOf(step.c);
      if (free && link != 0 && kernel_.state().links.at(link).running) {
        kernel_.addNextHop(
            id, {.protocol = RTPROT_STATIC, .link = link, .gateway = core::nextHop(family, slot)});
      }
      return;
    }
    case 3:  // a group of a next hop of this program
      for (const auto& [member, hop] : kernel_.state().nextHops) {
        if (!free || !hop.members.empty() || hop.maker != Maker::Other) continue;
        kernel_.addNextHop(id, {.protocol = RTPROT_STATIC, .members = {member}});
        return;
      }
      return;
    default:
      if (!free && known->second.maker == Maker::Other) kernel_.removeNextHop(id);
      return;
  }
}

void Host::foreignNeighbor(const Step& step) {
  const int link = linkOf(step.a);
  const MacAddress mac = test::mac(step.c % 2 == 0 ? "02:00:00:00:00:01" : "02:ff:ff:ff:ff:ff");
  if (step.c / 2 % 2 == 0) {
    const Address address =
        core::nextHop(step.b % 2 == 0 ? Family::V4 : Family::V6, 1 + step.b % 3);
    kernel_.setNeighbor(link, address, {mac, Maker::Other});
  } else {
    kernel_.setForwarding(link, mac, Maker::Other);
  }
}

// Another program removes or changes objects of the controller.
void Host::interfere(const Step& step) {
  const KernelState& state = kernel_.state();
  const auto ours = [](const auto& entry) { return entry.second.maker == Maker::Controller; };
  const auto someOf = [&](const auto& objects, const auto& act) {
    std::vector<std::decay_t<decltype(objects.begin()->first)>> all;
    for (const auto& entry : objects) {
      if (ours(entry)) all.push_back(entry.first);
    }
    if (!all.empty()) act(all[step.b % all.size()]);
  };
  switch (step.a % 12) {
    case 0: someOf(state.routes, [this](const RouteKey& key) { kernel_.removeRoute(key); }); return;
    case 1: someOf(state.nextHops, [this](std::uint32_t id) { kernel_.removeNextHop(id); }); return;
    case 2:
      for (const auto& rule : std::set(state.rules)) {
        if (rule.maker == Maker::Controller) return kernel_.removeRule(rule);
      }
      return;
    case 3:
      someOf(state.neighbors,
             [this](const auto& key) { kernel_.removeNeighbor(key.first, key.second); });
      return;
    case 4:
      someOf(state.forwarding,
             [this](const auto& key) { kernel_.removeForwarding(key.first, key.second); });
      return;
    default: break;
  }
  someOf(state.links, [&](int index) {
    // The carrier is lost only if the container's end or the container's namespace is removed.
    const bool isContainers = state.links.at(index).name == kBystanderLink;
    if (isContainers && (step.a % 12 == 5 || step.a % 12 == 9)) return;
    if (step.a % 12 == 5) return kernel_.removeLink(index);
    kernel_.changeLink(index, [&](SimLink& link) {
      switch (step.a % 12) {
        case 6: link.up = !link.up; break;
        case 7: link.mtu = 1400; break;
        case 8: link.mac = test::mac("02:ff:ff:ff:ff:fe"); break;
        case 9:
          if (link.peer == 0) link.peerUp = !link.peerUp;
          break;
        case 10: link.isolated = false; break;
        default: link.master = 0; break;
      }
    });
  });
}

void Host::kernelFails(const Step& step) {
  constexpr int kErrors[] = {EBUSY, ENOBUFS, EINVAL, ENOMEM, ENETDOWN, EOPNOTSUPP};
  switch (step.a % 4) {
    case 0: kernel_.loseNotifications(); return;
    case 1:
      kernel_.failIn = 1 + step.b % 8;
      kernel_.failure = kErrors[step.c % std::size(kErrors)];
      return;
    case 2: kernel_.slowRemovals = !kernel_.slowRemovals; return;
    default: kernel_.finishRemovals(); return;
  }
}

}  // namespace bgplb::fuzz
