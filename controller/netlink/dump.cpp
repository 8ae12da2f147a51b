#include "netlink/dump.hpp"

namespace bgplb::netlink {

namespace {

// A small number: the longer a refresh takes, the longer RefreshPacer waits before the next one.
constexpr int kAttempts = 3;

// The error where the kernel does not support a dump, because it has no such objects. Null: a
// mirror without them is correct.
struct Part {
  Request request;
  const char* lacking = nullptr;
};

Result<void> dumpPart(const Dump& dump, const Request& request, Mirror& mirror) {
  Changes ignored;
  Result<void> outcome;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    // An interrupted dump may list objects that have since been removed. The notifications about
    // their removal remove them from the mirror later.
    outcome = dump(request, [&](const nlmsghdr& message) {
      if (const auto found = parse(message, mirror.instance())) mirror.fold(*found, ignored);
    });
    if (outcome || outcome.error().kind != ErrorKind::Transient) break;
  }
  return outcome;
}

}  // namespace

Result<Mirror> dumpAll(const Dump& dump, core::Instance instance) {
  Mirror mirror(instance);
  const Part parts[] = {
      {linkDump()},
      {addressDump()},
      {neighDump()},
      {forwardingDump()},
      {nextHopDump(), "this kernel has no nexthop objects; Linux 5.3 or newer is needed"},
      {routeDump(instance, Family::V4)},
      {routeDump(instance, Family::V6)},
      {ruleDump(Family::V4),
       "this kernel has no policy routing; a kernel with CONFIG_IP_MULTIPLE_TABLES is needed"},
  };
  for (const auto& [request, lacking] : parts) {
    const auto dumped = dumpPart(dump, request, mirror);
    if (dumped) continue;
    if (!isKind(dumped, ErrorKind::Unsupported)) return dumped.error().within("netlink dump");
    if (lacking != nullptr) return unsupported(lacking);
  }
  // A kernel without IPv6 (ipv6.disable=1, or CONFIG_IPV6=n) has no handler for IPv6 rules. The
  // route dump does not show it: that kernel answers with the routes of all families.
  const auto rules = dumpPart(dump, ruleDump(Family::V6), mirror);
  mirror.setIpv6(!isKind(rules, ErrorKind::Unsupported));
  if (!rules && mirror.hasIpv6()) return rules.error().within("netlink dump");
  return mirror;
}

Result<Mirror> dumpAll(Socket& socket, core::Instance instance) {
  const auto dump = [&socket](const Request& request, const Socket::OnMessage& onMessage) {
    return socket.dump(request, onMessage);
  };
  return dumpAll(dump, instance);
}

}  // namespace bgplb::netlink
