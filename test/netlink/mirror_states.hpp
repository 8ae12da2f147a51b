#pragma once
// What the tests of the mirror have in common: the kernel's state at the beginning of the
// recordings, and ways to change it.

#include "netlink/mirror.hpp"
#include "netlink/recorded.hpp"

namespace bgplb::test::mirror {

inline constexpr core::Instance kFirst;
inline const std::string kBridge = "bgplb-012345678";
inline const std::string kVeth = "bgl0123456789ab";
inline const std::set<std::string> kOnlyBridge{kBridge};
inline const auto kVip4 = *Prefix::parse("10.0.0.101/32");
inline const auto kVip6 = *Prefix::parse("2001:db8:0:1::101/128");
inline const Address kHop4 = core::nextHop(Family::V4, 1);
inline const Address kHop6 = core::nextHop(Family::V6, 1);
inline const auto kMac = *MacAddress::parse("02:42:ac:17:00:19");

inline netlink::Changes fold(netlink::Mirror& mirror, const std::string& recording) {
  netlink::Changes changes;
  forEachMessage(recordedBytes(recording), [&](const nlmsghdr& message) {
    if (const auto notification = netlink::parse(message, mirror.instance()))
      mirror.fold(*notification, changes);
  });
  return changes;
}

// The kernel's state at the beginning of the recordings.
inline netlink::Mirror whole() {
  netlink::Mirror mirror(kFirst);
  for (const char* dump :
       {"dump-links", "dump-addresses", "dump-neighbors", "dump-forwarding", "dump-nexthops",
        "dump-routes4", "dump-routes6", "dump-rules4", "dump-rules6"}) {
    fold(mirror, dump);
  }
  return mirror;
}

inline std::set<std::string> difference(const netlink::Mirror& one, const netlink::Mirror& other) {
  std::set<std::string> differing;
  for (const netlink::Mirror* mirror : {&one, &other}) {
    for (const auto& bridge : mirror->bridges()) {
      if (netlink::Mirror::differ(one, other, bridge)) differing.insert(bridge);
    }
  }
  return differing;
}

inline core::KernelNetwork network() {
  return {.bridge = true,
          .veths = {kVeth},
          .isolated = {{kVeth, kMac}},
          .neighbors = {{kHop4, kMac}, {kHop6, kMac}},
          .nextHops = {kHop4, kHop6},
          .groups = {{Family::V4, {kHop4}}, {Family::V6, {kHop6}}},
          .routes = {kVip4, kVip6},
          .pinned = {{kVip4, kHop4}, {kVip6, kHop6}}};
}

inline netlink::Changes fold(netlink::Mirror& mirror, netlink::Change change,
                             netlink::Object object) {
  netlink::Changes changes;
  mirror.fold({change, std::move(object)}, changes);
  return changes;
}

}  // namespace bgplb::test::mirror
