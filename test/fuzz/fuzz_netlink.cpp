// rtnetlink messages in a row, as received from a socket, and the mirror built from them.

#include "netlink/codec.hpp"
#include "netlink/mirror.hpp"

#include "fuzz/fuzz.hpp"

#include <libmnl/libmnl.h>

#include <algorithm>
#include <cstring>
#include <memory>

using namespace bgplb;
using namespace bgplb::netlink;

namespace {

// Copies a message into a buffer of exactly its size, so that ASan detects a read behind its end.
std::unique_ptr<char[]> apart(const nlmsghdr& message) {
  auto copy = std::make_unique<char[]>(message.nlmsg_len);
  std::memcpy(copy.get(), &message, message.nlmsg_len);
  return copy;
}

void check(const Route& route) {
  ALWAYS(Prefix::parse(route.destination.toString()) == route.destination);
  if (route.source) ALWAYS(route.source->family() == route.destination.family());
  // IPv6 has no IPv4 gateway; IPv4 may have an IPv6 one (RFC 8950).
  if (route.gateway && route.destination.family() == Family::V6) ALWAYS(route.gateway->isV6());
}
void check(const Link& link) { ALWAYS(link.name.find('\0') == std::string::npos); }
void check(const Neighbor& neighbor) {
  ALWAYS(Address::parse(neighbor.address.toString()) == neighbor.address);
}
void check(const ForwardingEntry& entry) {
  ALWAYS(MacAddress::parse(entry.mac.toString()) == entry.mac);
}
void check(const NextHop& hop) { ALWAYS(hop.id != 0); }
void check(const SlotRule& rule) { ALWAYS(rule.slot >= 1 && rule.slot <= core::kSlots); }
void check(const reconcile::HostAddress& own) {
  ALWAYS(own.subnet.contains(own.address));
  ALWAYS(Prefix::parse(own.subnet.toString()) == own.subnet);
}

// The mirror relies on unique link names, which the kernel guarantees.
bool isPossible(const Mirror& mirror, const Notification& notification) {
  const auto* link = std::get_if<Link>(&notification.object);
  const auto* holder = link == nullptr ? nullptr : mirror.link(link->name);
  return holder == nullptr || holder->index == link->index;
}

void fold(Mirror& mirror, const Notification& notification) {
  if (!isPossible(mirror, notification)) return;
  const Mirror before = mirror;
  Changes changes;
  mirror.fold(notification, changes);

  std::set<std::string> bridges = before.bridges();
  bridges.insert(mirror.bridges().begin(), mirror.bridges().end());
  for (const auto& bridge : bridges) {
    const bool differs = before.observe(bridge) != mirror.observe(bridge);
    ALWAYS(Mirror::differ(before, mirror, bridge) == differs);
    ALWAYS(!differs || changes.bridges.contains(bridge));
  }
  for (const auto& name : mirror.bridges()) {
    ALWAYS(mirror.link(name) != nullptr && mirror.isOurBridge(*mirror.link(name)));
    for (const auto& veth : mirror.observe(name).veths) ALWAYS(mirror.veths().contains(veth));
    const auto there = mirror.observe(name);
    for (const auto& [port, mac] : there.isolated) {
      ALWAYS(there.veths.contains(port));
      ALWAYS(mirror.forwarding(mirror.link(port)->index) == std::set<MacAddress>{mac});
    }
    for (const auto& route : there.routes) {
      const auto refs = mirror.nextHopRefs(route);
      ALWAYS(std::any_of(refs.begin(), refs.end(), [&](const Mirror::NextHopRef& ref) {
        return mirror.leadsTo(ref, mirror.link(name)->index);
      }));
    }
    for (const auto& [family, members] : there.groups) {
      for (const auto& via : members) {
        ALWAYS(mirror.nextHop(mirror.nextHopId(mirror.link(name)->index, via)) != nullptr ||
               !there.nextHops.contains(via));
      }
    }
  }
  for (const auto& name : mirror.veths()) ALWAYS(isOurVeth(*mirror.link(name)));

  // A repeated notification changes nothing.
  Changes again;
  mirror.fold(notification, again);
  ALWAYS(again.bridges.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMost = 16384;  // bytes; limited because each message copies the mirror
  if (size > kMost) return 0;
  Mirror mirror(core::Instance{});
  auto left = static_cast<int>(size);
  const auto* message = reinterpret_cast<const nlmsghdr*>(data);
  for (; isWhole(message, left); message = mnl_nlmsg_next(message, &left)) {
    const auto copy = apart(*message);
    const auto& own = *reinterpret_cast<const nlmsghdr*>(copy.get());
    if (const auto notification = parse(own, mirror.instance())) {
      std::visit([](const auto& object) { check(object); }, notification->object);
      fold(mirror, *notification);
    }
    if (const auto route = parseRouteReply(own)) check(*route);
    parseReversePathFilter(own);
    const Reply reply = parseReply(own);
    ALWAYS(reply.error >= 0);
    ALWAYS(reply.text.find('\0') == std::string::npos);
    ALWAYS(!errorOf(reply).message.empty());
  }
  return 0;
}
