#pragma once
// A host for tests of RtnlKernel: a network namespace, a RtnlKernel in it, and the changes that it
// reported.

#include "netlink/rtnl_kernel.hpp"
#include "support/catch.hpp"
#include "support/run_until.hpp"
#include "support/scoped_netns.hpp"

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <chrono>
#include <set>
#include <string>
#include <vector>

namespace bgplb::test {

inline const std::string kBridge = "bgplb-012345678";
inline const std::string kOther = "bgplb-abcdefabc";
inline const std::string kHost = "bgl0123456789ab";
inline const std::string kContainer = "bgc0123456789ab";
inline const std::string kHost2 = "bglfedcba987654";
inline const std::string kContainer2 = "bgcfedcba987654";

inline Prefix prefix(const char* text) { return *Prefix::parse(text); }
inline Address address(const char* text) { return *Address::parse(text); }
inline MacAddress mac(const char* text) { return *MacAddress::parse(text); }

inline const Prefix kVip4 = prefix("10.0.0.101/32");
inline const Prefix kVip6 = prefix("2001:db8:0:1::101/128");
inline const Address kHop4 = core::nextHop(Family::V4, 1);
inline const Address kHop6 = core::nextHop(Family::V6, 1);
inline const MacAddress kMac = mac("02:42:ac:17:00:19");

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Whether the kernel has resilient next-hop groups (Linux 5.13). Changes nothing.
inline bool hasResilientGroups() {
  const Netns other;
  other.shell("ip link set lo up");
  return tryShell(other.inside("ip nexthop add id 1 blackhole")).status == 0 &&
         tryShell(other.inside("ip nexthop add id 2 group 1 type resilient buckets 8")).status == 0;
}

inline std::string text(const core::KernelNetwork& network) {
  std::string all = fmt::format("bridge {} mtu {}", network.bridge, network.mtu);
  for (const auto& veth : network.veths) all += " veth " + veth;
  for (const auto& [port, lladdr] : network.isolated) {
    all += " isolated " + port + " " + lladdr.toString();
  }
  for (const auto& route : network.routes) all += " route " + route.toString();
  for (const auto& route : network.strays) all += " stray " + route.toString();
  for (const auto& [ip, lladdr] : network.neighbors) {
    all += " neigh " + ip.toString() + " " + lladdr.toString();
  }
  for (const auto& via : network.nextHops) all += " nexthop " + via.toString();
  for (const auto& [family, members] : network.groups) {
    all += fmt::format(" group{}", static_cast<int>(family));
    for (const auto& via : members) all += " " + via.toString();
  }
  for (const auto& route : network.pinned) {
    all += " pinned " + route.destination.toString() + " via " + route.via.toString();
  }
  for (const auto& route : network.released) {
    all += " released " + route.destination.toString() + " via " + route.via.toString();
  }
  return all;
}

// The complete state of a RtnlKernel as text, to compare two of them.
inline std::string text(const netlink::RtnlKernel& kernel) {
  std::string all;
  for (const auto& link : kernel.ownLinks()) {
    all += link + ": " + text(kernel.observe(link)) + "\n";
  }
  for (const auto& entry : kernel.addresses()) {
    all += fmt::format("{} {} in {} {}\n", entry.ifIndex, entry.address.toString(),
                       entry.subnet.toString(), entry.usable ? "" : "unusable");
  }
  return all;
}

struct World {
  test::ScopedNetns netns;
  boost::asio::io_context io;
  std::set<std::string> changed;
  int hostNetworkChanges = 0;
  int calls = 0;  // with a change of a bridge or of the host network
  std::map<std::string, bool> carriers;
  netlink::RtnlKernel kernel{io, [this](const netlink::Changes& changes) {
                               if (!changes.bridges.empty() || changes.hostNetwork) ++calls;
                               changed.insert(changes.bridges.begin(), changes.bridges.end());
                               if (changes.hostNetwork) ++hostNetworkChanges;
                               for (const auto& [veth, present] : changes.carriers) {
                                 carriers[veth] = present;
                               }
                             }};

  World() {
    // Duplicate address detection would only delay the tests.
    shell("sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0");
    REQUIRE(kernel.start().has_value());
  }

  void apply(const core::Action& action) {
    INFO(core::toText(action));
    const auto done = kernel.apply(action);
    if (!done) FAIL(done.error().message);
  }
  Error refuse(const core::Action& action) {
    const auto done = kernel.apply(action);
    REQUIRE(done.has_error());
    return done.error();
  }
  void makeNetwork() {
    apply(core::BridgeAdd{kBridge});
    apply(core::VethAdd{kHost, kContainer, kBridge});
    apply(core::PortIsolate{kHost, kMac, kBridge});
    bringUp(kContainer);
    for (const auto& action : routing(kBridge)) apply(action);
    runReady(io);
    changed.clear();
    calls = 0;
  }
  // Sets the container's end up, as dockerd does, and waits until the kernel has reported the
  // bridge's carrier.
  void bringUp(const std::string& container) {
    shell("ip link set " + container + " up");
    REQUIRE(runUntil(io, [] { return has(shell("ip link show " + kBridge), "state UP"); }));
    runReady(io);
  }
  // Waits until the kernel accepts a next hop on that bridge, which may be before it reports the
  // carrier.
  void awaitCarrier(const std::string& bridge) {
    REQUIRE(runUntil(io, [&] {
      return kernel.apply(core::NextHopAdd{kHop4, bridge}).has_value();
    }));
  }
  // The actions that route both VIPs to one backend, in the order of the plan.
  static std::vector<core::Action> routing(const std::string& bridge) {
    return {core::NeighReplace{kHop4, kMac, bridge},
            core::NeighReplace{kHop6, kMac, bridge},
            core::NextHopAdd{kHop4, bridge},
            core::NextHopAdd{kHop6, bridge},
            core::GroupReplace{Family::V4, {kHop4}, bridge},
            core::GroupReplace{Family::V6, {kHop6}, bridge},
            core::RouteReplace{kVip4, bridge},
            core::RouteReplace{kVip6, bridge},
            core::PinnedRouteReplace{{kVip4, kHop4}, bridge},
            core::PinnedRouteReplace{{kVip6, kHop6}, bridge}};
  }
  core::KernelNetwork network() {
    return {.bridge = true,
            .veths = {kHost},
            .isolated = {{kHost, kMac}},
            .neighbors = {{kHop4, kMac}, {kHop6, kMac}},
            .nextHops = {kHop4, kHop6},
            .groups = {{Family::V4, {kHop4}}, {Family::V6, {kHop6}}},
            .routes = {kVip4, kVip6},
            .pinned = {{kVip4, kHop4}, {kVip6, kHop6}}};
  }
  bool mirrorIsTheKernel(std::string& mirror, std::string& fresh,
                         std::chrono::milliseconds deadline) {
    return runUntil(
        io,
        [&] {
          boost::asio::io_context otherIo;
          netlink::RtnlKernel other(otherIo, nullptr);
          if (!other.start()) return false;
          fresh = text(other);
          mirror = text(kernel);
          return mirror == fresh;
        },
        deadline);
  }
  bool reported(const std::string& bridge) {
    return runUntil(io, [&] { return changed.contains(bridge); });
  }
  // Waits until the mirror contains the result of a dump that begins now.
  void resync() {
    const auto before = kernel.dumps();
    kernel.resync();
    REQUIRE(runUntil(io, [&] { return kernel.dumps() > before && !kernel.isRefreshing(); }));
    runReady(io);
  }
  core::KernelNetwork observe(const std::string& bridge) { return kernel.observe(bridge); }
  // Waits until the mirror equals a second one that is dumped now. (The kernel's state may still
  // change, for example by duplicate address detection.)
  void checkMirror() {
    std::string mirror;
    std::string fresh;
    const bool same = mirrorIsTheKernel(mirror, fresh, test::kDeadline);
    INFO("mirror:\n" << mirror << "kernel:\n" << fresh);
    REQUIRE(same);
  }
};

}  // namespace bgplb::test
