#pragma once
// Reads the recorded netlink messages (written by test/netns/netlink_record_test.cpp) and formats
// parsed messages as text for comparison.

#include "io/file.hpp"
#include "netlink/codec.hpp"
#include "support/catch.hpp"

#include <fmt/format.h>
#include <libmnl/libmnl.h>

#include <functional>
#include <string>
#include <variant>

namespace bgplb::test {

inline std::string recordedBytes(const std::string& name) {
  const auto bytes =
      io::readFile(std::string(TEST_SOURCE_DIR) + "/netlink/recorded/" + name + ".bin");
  REQUIRE(bytes.has_value());
  REQUIRE(!bytes->empty());
  return *bytes;
}

inline void forEachMessage(const std::string& bytes,
                           const std::function<void(const nlmsghdr&)>& visit) {
  // Aligned like the receive buffer of a socket.
  alignas(8) static char buffer[65536];
  REQUIRE(bytes.size() <= sizeof(buffer));
  bytes.copy(buffer, bytes.size());
  auto left = static_cast<int>(bytes.size());
  const auto* message = reinterpret_cast<const nlmsghdr*>(buffer);
  for (; netlink::isWhole(message, left); message = mnl_nlmsg_next(message, &left)) visit(*message);
}

inline std::string text(const netlink::Link& link) {
  return fmt::format("link {} {} kind {} master {} mtu {} {} {}{}{}", link.index, link.name,
                     link.kind, link.master, link.mtu, link.up ? "up" : "down",
                     link.address ? link.address->toString() : "-",
                     link.acceptRa == 0 ? "" : fmt::format(" accept_ra {}", link.acceptRa),
                     link.isolated ? " isolated" : "");
}
inline std::string text(const netlink::Route& route) {
  return fmt::format("route {} table {} proto {} metric {} dev {}{} via {} src {}",
                     route.destination.toString(), route.table, route.protocol, route.metric,
                     route.ifIndex,
                     route.nextHop == 0 ? "" : fmt::format(" nhid {}", route.nextHop),
                     route.gateway ? route.gateway->toString() : "-",
                     route.source ? route.source->toString() : "-");
}
inline std::string text(const netlink::Neighbor& neighbor) {
  return fmt::format("neigh {} dev {} lladdr {}{}", neighbor.address.toString(), neighbor.ifIndex,
                     neighbor.mac.toString(), neighbor.permanent ? " permanent" : "");
}
inline std::string text(const netlink::ForwardingEntry& entry) {
  return fmt::format("fdb {} dev {}{}", entry.mac.toString(), entry.ifIndex,
                     entry.isStatic ? " static" : "");
}
inline std::string text(const netlink::NextHop& hop) {
  std::string text = fmt::format("nexthop {} proto {} dev {} via {}", hop.id, hop.protocol,
                                 hop.ifIndex, hop.gateway ? hop.gateway->toString() : "-");
  if (!hop.members.empty()) text += " group";
  for (const auto member : hop.members) text += fmt::format(" {}", member);
  return text;
}
inline std::string text(const netlink::SlotRule& rule) {
  return fmt::format("rule of IPv{} slot {}{}", static_cast<int>(rule.family), rule.slot,
                     rule.udp ? " for UDP" : "");
}
inline std::string text(const reconcile::HostAddress& address) {
  return fmt::format("address {} in {} dev {}{}", address.address.toString(),
                     address.subnet.toString(), address.ifIndex, address.usable ? "" : " unusable");
}
inline std::string text(const netlink::Notification& notification) {
  const char* change = notification.change == netlink::Change::Present    ? "+ "
                       : notification.change == netlink::Change::Replaced ? "= "
                                                                          : "- ";
  return change + std::visit([](const auto& object) { return text(object); }, notification.object);
}

// Parses a recording and returns one line per notification.
inline std::string parsed(const std::string& name) {
  std::string lines;
  forEachMessage(recordedBytes(name), [&lines](const nlmsghdr& message) {
    if (const auto notification = netlink::parse(message, core::Instance{}))
      lines += text(*notification) + "\n";
  });
  return lines;
}

}  // namespace bgplb::test
