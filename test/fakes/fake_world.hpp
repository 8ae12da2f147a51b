#pragma once
// In-memory fakes of the reconciler's ports: kernel, routing daemon, firewall, Docker API and state
// file. Tests can read their whole state and make their calls fail.

#include "reconcile/ports.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace bgplb::test {

class FakeKernel : public reconcile::Kernel,
                   public reconcile::HostNetwork,
                   public reconcile::HostSettings {
 public:
  Result<void> apply(const core::Action& action) override {
    if (failures > 0) {
      --failures;
      return transient("made to fail");
    }
    if (isPremature(action)) return notFound("no such next hop");
    log.push_back(core::toText(action));
    act(action);
    return {};
  }
  core::KernelNetwork observe(const std::string& bridge) const override {
    const auto found = networks.find(bridge);
    return found == networks.end() ? core::KernelNetwork{} : found->second;
  }
  std::set<std::string> ownLinks() const override {
    std::set<std::string> names;
    for (const auto& [name, network] : networks) {
      if (!network.bridge) continue;
      names.insert(name);
      names.insert(network.veths.begin(), network.veths.end());
    }
    return names;
  }
  bool hasVeth(const std::string& host) const override { return existing.count(host) > 0; }
  bool supports(Family family) const override { return family == Family::V4 || ipv6; }
  std::vector<reconcile::HostAddress> addresses() const override { return own; }
  Result<reconcile::RouteLookup> routeTo(const Address& destination) override {
    const auto found = ways.find(destination);
    if (found == ways.end()) return notFound("no route");
    return found->second;
  }
  Result<bool> relaxReversePathFilter(const std::string& dev) override {
    relaxed.insert(dev);
    return strict.contains(dev);
  }
  Result<unsigned> containerReversePathFilter(const std::string& veth) override {
    if (!existing.contains(veth)) return notFound("no such link");
    return strict.contains(veth) ? 1 : 0;
  }
  Result<void> primeNeighbor(const Address& neighbor) override {
    primed.push_back(neighbor);
    return {};
  }
  void setPinned(bool wanted) override { pinned = wanted; }
  Result<void> hashFlows(Family family) override {
    hashed.insert(family);
    return {};
  }
  void resync() override {}

  std::map<std::string, core::KernelNetwork> networks;
  std::set<std::string> existing;
  std::vector<reconcile::HostAddress> own;
  std::map<Address, reconcile::RouteLookup> ways;
  std::set<std::string> relaxed;
  std::set<std::string> strict;  // links whose reverse path filter is strict
  std::set<Family> hashed;
  std::vector<Address> primed;
  bool pinned = false;
  std::vector<std::string> log;
  int failures = 0;
  bool ipv6 = true;     // false: the kernel has no IPv6
  bool carrier = true;  // of all bridges: the container's end of a veth pair is up

 private:
  // As in the kernel: the members of a group and the group of a route must exist.
  bool isPremature(const core::Action& action) const {
    if (std::holds_alternative<core::NextHopAdd>(action)) return !carrier;
    const auto network = observe(bridgeOf(action));
    if (const auto* group = std::get_if<core::GroupReplace>(&action)) {
      return !std::includes(network.nextHops.begin(), network.nextHops.end(),
                            group->members.begin(), group->members.end());
    }
    if (const auto* route = std::get_if<core::UdpRouteReplace>(&action)) {
      return !network.groups.contains(route->route.via.family());
    }
    const auto* route = std::get_if<core::RouteReplace>(&action);
    return route != nullptr && !network.groups.contains(route->destination.family());
  }
  void act(const core::Action& action) {
    if (const auto* veth = std::get_if<core::VethAdd>(&action)) existing.insert(veth->host);
    if (const auto* link = std::get_if<core::LinkDel>(&action)) {
      existing.erase(link->name);
      networks.erase(link->name);
      for (auto& [name, network] : networks) network.removeVeth(link->name);
      return;
    }
    auto& network = networks[bridgeOf(action)];
    network = core::applied(std::move(network), action);
  }
  static std::string bridgeOf(const core::Action& action) {
    return std::visit(
        [](const auto& step) -> std::string {
          using Step = std::decay_t<decltype(step)>;
          if constexpr (std::is_same_v<Step, core::VethAdd>) {
            return step.bridge;
          } else if constexpr (std::is_same_v<Step, core::BridgeAdd> ||
                               std::is_same_v<Step, core::LinkDel>) {
            return step.name;
          } else {
            return step.dev;
          }
        },
        action);
  }
};

// Confirms withdrawals only when a test calls confirm(), so that the test can check the order.
class FakeRouting : public reconcile::Routing {
 public:
  void announce(const Prefix& prefix, const core::RouteAttributes& attributes) override {
    wanted.insert(prefix);
    unconfirmed.erase(prefix);
    withdrawn.erase(prefix);
    bandwidths.erase(prefix);
    if (attributes.bandwidth) bandwidths[prefix] = attributes.bandwidth->bytesPerSecond;
  }
  void withdraw(const Prefix& prefix) override {
    bandwidths.erase(prefix);
    withdrawn.insert(prefix);
    if (wanted.erase(prefix) > 0) unconfirmed.insert(prefix);
  }
  bool mayBeAnnounced(const Prefix& prefix) const override {
    return wanted.count(prefix) > 0 || unconfirmed.count(prefix) > 0;
  }
  void confirm() { unconfirmed.clear(); }

  std::set<Prefix> wanted;
  std::set<Prefix> unconfirmed;
  std::set<Prefix> withdrawn;                  // by this controller, and not announced again
  std::map<Prefix, std::uint64_t> bandwidths;  // of the wanted prefixes that have a bandwidth
};

class FakeFirewall : public reconcile::Firewall {
 public:
  void ensure(bool wanted) override { calls.push_back(wanted); }
  void filterSources(const std::set<std::string>& links) override { filtered = links; }
  std::vector<bool> calls;
  std::set<std::string> filtered;
};

class FakeEngine : public reconcile::Engine {
 public:
  void terminate(const ContainerId& id, int signal,
                 std::function<void(Result<void>)> done) override {
    terminated.push_back(id.value);
    lastSignal = signal;
    if (defers) {
      pending.push_back(std::move(done));
      return;
    }
    done(answers ? Result<void>{} : Result<void>(unavailable("made to fail")));
  }
  std::vector<std::string> terminated;
  int lastSignal = 0;
  bool answers = true;
  bool defers = false;
  std::vector<std::function<void(Result<void>)>> pending;
};

// Saves at once unless `hangs` is set.
class FakeStore : public reconcile::Store {
 public:
  void saveDrains(const std::map<ContainerId, core::FormerDrain>& all,
                  std::function<void(Result<void>)> done) override {
    ++saves;
    if (hangs) {
      next = all;
      waiting.push_back(std::move(done));
      return;
    }
    if (problem.empty()) drains = all;
    done(problem.empty() ? Result<void>{} : Result<void>(transient(problem)));
  }
  void recover() {
    hangs = false;
    if (!waiting.empty()) drains = next;
    for (const auto& done : std::exchange(waiting, {})) done({});
  }
  std::map<ContainerId, core::FormerDrain> drains;
  std::string problem;
  bool hangs = false;
  int saves = 0;

 private:
  std::map<ContainerId, core::FormerDrain> next;
  std::vector<std::function<void(Result<void>)>> waiting;
};

}  // namespace bgplb::test
