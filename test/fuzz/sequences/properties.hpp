#pragma once
// What must hold for every sequence of calls and events. Host reports what dockerd has named, and
// calls a check after each request to the kernel, each answer to dockerd and each step.

#include "docker/plugin_api.hpp"
#include "fuzz/sequences/kernel.hpp"
#include "reconcile/checked_ports.hpp"
#include "reconcile/reconciler.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace bgplb::fuzz {

class Properties {
 public:
  // What dockerd has named in its calls and lists. The links with the names of these networks and
  // endpoints belong to this plugin, even if another program made them. The ports of such a bridge
  // belong to this plugin as well if they have the name of a host end.
  void named(const NetworkId& network, const std::vector<Prefix>& vips);
  void named(const EndpointId& endpoint);
  void namedContainer(const ContainerId& container) { containers_.insert(container); }
  void dockerLink(const std::string& name) { dockerLinks_.insert(name); }

  // Throws test::Violation, as all checks do. After a request of the controller that the kernel has
  // executed:
  // - no object of another program was changed or removed, except by the removal of our link
  // - each new object is on a link of this plugin, and a restarted controller recognises it
  // - each new route leads to a VIP that its network has and that no rule refuses
  // - no address was added or removed
  void checkRequest(const KernelState& before, const KernelState& after, const nlmsghdr& request,
                    const reconcile::Reconciler& reconciler,
                    const test::CheckedRouting& routing) const;
  // The answer is JSON: with status 200 the fields of the plugin's contract, otherwise Err and
  // Error with one printable sentence.
  static void checkAnswer(std::string_view path, const docker::PluginAnswer& answer);
  // When the controller has nothing left to do: at most as many objects as dockerd has requested,
  // and no announcement of an address that the host has.
  void checkStep(const KernelState& state, const reconcile::Reconciler& reconciler,
                 const test::CheckedRouting& routing, bool current) const;
  // After dockerd has removed everything: the controller has removed all its objects.
  static void checkNothingLeft(const KernelState& state, const reconcile::Reconciler& reconciler,
                               const test::CheckedRouting& routing);

  // Why this host must not route the VIP; written without core/vip_rules. Empty: it may.
  static std::string refusal(const reconcile::Reconciler& reconciler, const Prefix& vip);
  // The subnet of a gateway bridge, which may be one address.
  static bool isGateway(const reconcile::Reconciler& reconciler, const Prefix& prefix);
  // The objects of other programs, without those that a request with the result `after` may remove.
  KernelState foreignPart(const KernelState& state, const KernelState& after) const;

 private:
  bool isOurs(const KernelState& state, int index) const;
  void checkLink(const SimLink& link) const;
  void checkRoute(const KernelState& state, const RouteKey& key, const SimRoute& route,
                  const reconcile::Reconciler& reconciler,
                  const test::CheckedRouting& routing) const;

  std::map<std::string, std::set<Prefix>> bridges_;  // by bridge, the VIPs of its networks
  std::set<std::string> hostEnds_;
  std::set<std::string> containerEnds_;
  std::set<NetworkId> networks_;
  std::set<EndpointId> endpoints_;
  std::set<ContainerId> containers_;
  std::set<std::string> dockerLinks_;  // of Docker's bridge networks
};

}  // namespace bgplb::fuzz
