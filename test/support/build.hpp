#pragma once
// Short functions and constants that build values for tests.

#include "base/address.hpp"
#include "base/ids.hpp"
#include "core/fold.hpp"
#include "core/peer.hpp"

#include <set>
#include <vector>

namespace bgplb::test {

inline Address ip(const char* text) { return Address::parse(text).value(); }
inline Prefix net(const char* text) { return Prefix::parse(text).value(); }
inline MacAddress mac(const char* text) { return MacAddress::parse(text).value(); }

inline const NetworkId kWeb1{"aaaaaaaaa1111111111111111111111111111111111111111111111111111111"};
inline const NetworkId kWeb2{"bbbbbbbbb2222222222222222222222222222222222222222222222222222222"};
inline const EndpointId kEp1{"e1e1e1e1e1e1000000000000000000000000000000000000000000000000000"};
inline const EndpointId kEp2{"e2e2e2e2e2e2000000000000000000000000000000000000000000000000000"};
inline const ContainerId kCtr1{"c100000000000000"};
inline const ContainerId kCtr2{"c200000000000000"};

// A peer of the host 192.168.8.40 on a connected network, without IPv6.
inline core::Peer peer(const char* address, std::uint32_t as, const char* password = "") {
  core::Peer made{.name = core::peerName(ip(address)),
                  .address = ip(address),
                  .as = as,
                  .password = Secret(password),
                  .hops = 1,
                  .nextHop4 = ip("192.168.8.40")};
  if (made.address.isV4()) made.source = made.nextHop4;
  return made;
}

inline core::ContainerReport report(const ContainerId& id, const NetworkId& network,
                                    const EndpointId& endpoint, core::Health health) {
  core::ContainerReport made;
  made.id = id;
  made.name = "ctr-" + id.value.substr(0, 2);
  made.run = core::RunState::Running;
  made.health = health;
  made.startedAt = "2026-11-22T20:00:00Z";
  made.attachments.push_back({network, endpoint, {}, {}, {}});
  return made;
}

inline core::ListedContainer listed(const core::ContainerReport& report) {
  return {report.id, report.name, report.attachments, report.namespaceOf};
}
// Apply lists that were requested at the current revision.
inline core::Touched listNetworks(core::Facts& facts, const std::vector<core::NetworkReport>& all,
                                  const std::set<NetworkId>& ours,
                                  const std::set<NetworkId>& inUse = {}) {
  return core::networksReported(facts, all, ours, inUse, facts.revision);
}
inline core::Touched listNetwork(core::Facts& facts, const core::NetworkReport& report, bool ours) {
  return core::networkReported(facts, report, ours, facts.revision);
}
inline core::Touched listContainers(core::Facts& facts,
                                    const std::vector<core::ListedContainer>& running,
                                    core::TimePoint now) {
  return core::containersListed(facts, running, facts.revision, now);
}

}  // namespace bgplb::test
