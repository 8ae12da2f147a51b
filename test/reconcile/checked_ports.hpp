#pragma once
// Fakes of the kernel, the routing daemon and dockerd that check the invariants of each call.

#include "fakes/fake_world.hpp"

#include <fmt/format.h>

#include <functional>
#include <set>
#include <string>

namespace bgplb::test {

struct Violation {
  std::string what;
};

class CheckedRouting : public FakeRouting {
 public:
  void announce(const Prefix& prefix, const core::RouteAttributes& attributes) override {
    if (ours.count(prefix) == 0)
      throw Violation{"announced a foreign prefix: " + prefix.toString()};
    if (const auto why = objection(prefix); !why.empty()) {
      throw Violation{fmt::format("{} announced {}", prefix.toString(), why)};
    }
    if (attributes.bandwidth && attributes.bandwidth->bytesPerSecond == 0) {
      throw Violation{"announced with a bandwidth of 0: " + prefix.toString()};
    }
    FakeRouting::announce(prefix, attributes);
  }
  void withdraw(const Prefix& prefix) override {
    if (ours.count(prefix) == 0) throw Violation{"withdrew a foreign prefix: " + prefix.toString()};
    FakeRouting::withdraw(prefix);
    if (!daemonRuns) unconfirmed.erase(prefix);
  }
  // The daemon keeps the previous controller's prefixes until the new controller's set is complete.
  void controllerRestarted() {
    unconfirmed.merge(wanted);
    wanted.clear();
    bandwidths.clear();
    complete = false;
  }
  void confirmAll() {
    if (complete || !daemonRuns) unconfirmed.clear();
  }

  std::set<Prefix> ours;
  std::function<std::string(const Prefix&)> objection;  // empty: none
  bool complete = false;
  bool daemonRuns = true;
};

class CheckedKernel : public FakeKernel {
 public:
  explicit CheckedKernel(const CheckedRouting& routing) : routing_(routing) {}

  Result<void> apply(const core::Action& action) override {
    std::visit([this](const auto& concrete) { checkOurs(concrete); }, action);
    if (failIn > 0 && --failIn == 0) return transient("made to fail");
    if (const auto missing =
            std::visit([this](const auto& concrete) { return missingLink(concrete); }, action)) {
      // The link does not exist: a removal succeeds, anything else fails.
      if (*missing) return {};
      return notFound("no such link");
    }
    if (const auto* link = std::get_if<core::LinkDel>(&action); link && inUse(link->name)) {
      throw Violation{fmt::format("'{}' while a container has the container end", toText(action))};
    }
    const auto before = routes();
    const auto outcome = FakeKernel::apply(action);
    if (const auto* route = std::get_if<core::RouteReplace>(&action)) moveRoute(*route);
    const auto after = routes();
    for (const auto& prefix : before) {
      if (after.count(prefix) == 0 && routing_.mayBeAnnounced(prefix)) {
        throw Violation{
            fmt::format("'{}' while {} may be announced", core::toText(action), prefix.toString())};
      }
    }
    return outcome;
  }

  std::set<std::string> ownLinks() const override {
    std::set<std::string> links;
    for (const auto& [name, network] : networks) {
      if (ourLinks.count(name) == 0) continue;
      links.insert(name);
      links.insert(network.veths.begin(), network.veths.end());
    }
    return links;
  }

  // The host routes on all our bridges.
  std::set<Prefix> routes() const {
    std::set<Prefix> all;
    for (const auto& [name, network] : networks) {
      if (ourLinks.count(name) > 0) all.insert(network.routes.begin(), network.routes.end());
    }
    return all;
  }
  void loseVeth(const std::string& host) {
    existing.erase(host);
    for (auto& [name, network] : networks) network.removeVeth(host);
  }
  // The kernel removes the routes and neighbours of a bridge with the bridge, but not its ports.
  void loseBridge(const std::string& name) { networks.erase(name); }

  std::set<std::string> ourLinks;
  std::set<Prefix> ourRoutes;
  std::function<bool(const std::string&)> inUse;  // whether a container has the veth pair
  unsigned failIn = 0;                            // N: only the Nth call from now fails

 private:
  void check(const std::string& link) const {
    if (ourLinks.count(link) == 0) throw Violation{"changed a foreign link: " + link};
  }
  void check(const Prefix& prefix) const {
    if (ourRoutes.count(prefix) == 0)
      throw Violation{"changed a foreign route: " + prefix.toString()};
  }
  void check(const Address& address) const {
    if (!core::slotOf(address)) check(Prefix::host(address));
  }
  void checkOurs(const core::BridgeAdd& a) const { check(a.name); }
  void checkOurs(const core::VethAdd& a) const {
    check(a.host);
    check(a.bridge);
  }
  void checkOurs(const core::LinkDel& a) const { check(a.name); }
  template <typename Step>
  void checkOurs(const Step& a) const {
    check(a.dev);
    if constexpr (requires { a.destination; }) check(a.destination);
    if constexpr (requires { a.route; }) check(a.route.destination);
    if constexpr (requires { a.address; }) check(a.address);
    if constexpr (requires { a.via; }) check(a.via);
  }

  // None: the link that the action needs exists. Otherwise whether the action is a removal.
  std::optional<bool> without(const std::string& link, bool removal) const {
    if (networks.count(link) > 0 || existing.count(link) > 0) return std::nullopt;
    return removal;
  }
  std::optional<bool> missingLink(const core::BridgeAdd&) const { return std::nullopt; }
  std::optional<bool> missingLink(const core::VethAdd& a) const { return without(a.bridge, false); }
  std::optional<bool> missingLink(const core::LinkDel& a) const { return without(a.name, true); }
  std::optional<bool> missingLink(const core::RouteDel& a) const { return without(a.dev, true); }
  std::optional<bool> missingLink(const core::NeighDel& a) const { return without(a.dev, true); }
  std::optional<bool> missingLink(const core::NextHopDel& a) const { return without(a.dev, true); }
  std::optional<bool> missingLink(const core::GroupDel& a) const { return without(a.dev, true); }
  std::optional<bool> missingLink(const core::PinnedRouteDel& a) const {
    return without(a.dev, true);
  }
  template <typename Step>
  std::optional<bool> missingLink(const Step& a) const {
    return without(a.dev, false);
  }

  // The kernel has one route for a destination and metric, on any link.
  void moveRoute(const core::RouteReplace& route) {
    for (auto& [name, network] : networks) {
      if (name != route.dev && ourLinks.count(name) > 0) network.routes.erase(route.destination);
    }
  }

  const CheckedRouting& routing_;
};

class CheckedEngine : public FakeEngine {
 public:
  void terminate(const ContainerId& id, int signal,
                 std::function<void(Result<void>)> done) override {
    if (drained.count(id) == 0) throw Violation{"SIGTERM to a container that was never drained"};
    const bool known = confirmed.contains(id) || (inspected.contains(id) && listed.contains(id));
    if (!known) {
      throw Violation{"SIGTERM to a container that dockerd has not reported on a VIP network"};
    }
    FakeEngine::terminate(id, signal, std::move(done));
  }
  std::set<ContainerId> drained;  // all containers that ever got SIGUSR2
  // The containers about which dockerd has answered in their current run. confirmed: inspected on a
  // VIP network. inspected: on any network. listed: on a VIP network in a list, perhaps connected
  // after the inspection.
  std::set<ContainerId> confirmed;
  std::set<ContainerId> inspected;
  std::set<ContainerId> listed;
  void forgetRun(const ContainerId& id) {
    for (auto* known : {&confirmed, &inspected, &listed}) known->erase(id);
  }
};

}  // namespace bgplb::test
