#pragma once
// The one writer. Everything that happens only changes the facts and marks networks as touched; step()
// then observes the kernel, computes the desired state, plans and acts, per touched network, so that a
// change costs nothing for the networks it does not concern.
//
// Order, for one VIP: links and host route, then the announcement; the withdrawal, then (once the
// daemon has confirmed it, and after the drain grace) the host route. A VIP is announced only when
// its host route was seen in the kernel.
//
// step() never waits: kernel requests are synchronous and bounded; the routing daemon, the firewall,
// dockerd and the state file are served in the background and wake the loop again. So a plugin handler
// may call it.

#include "base/backoff.hpp"
#include "core/desired.hpp"
#include "core/facts.hpp"
#include "core/fold.hpp"
#include "reconcile/drainer.hpp"
#include "reconcile/garbage.hpp"
#include "reconcile/ports.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace bgplb::reconcile {

class Reconciler {
 public:
  using TimePoint = core::TimePoint;

  Reconciler(Kernel& kernel, HostSettings& host, Routing& routing, Firewall& firewall,
             Engine& engine, Store& store, const core::Policy& policy);

  // Wakes the loop; called when something finished in the background.
  void onWake(std::function<void()> wake);
  const core::Policy& policy() const { return policy_; }
  void setPolicy(const core::Policy& policy);  // may be called at any time; every network is touched

  core::Facts& facts() { return facts_; }
  const core::Facts& facts() const { return facts_; }

  void touch(const core::Touched& networks);
  void touchBridge(const std::string& link);  // someone else changed our objects in the kernel
  void touchUnconfirmed();  // the routing daemon confirmed something
  void touchBridges();      // a Docker bridge, or who is on one, changed
  void touchBridgesOf(const ContainerId& id);  // only on which ones this container is
  void touchFirewall();     // Docker rearranged its chains
  void touchAll(TimePoint now);  // after a full list of dockerd's
  void removeEndpoint(const EndpointId& id);  // DeleteEndpoint: its veth pair goes at once
  void primeNeighbor(const Address& neighbor);  // core/neighbors_to_prime.hpp
  void setPinned(bool pinned) { kernel_.setPinned(pinned); }  // as the firewall reports it
  void saveDrains(TimePoint now) { drainer_.saveNow(now); }   // before this program ends
  void resumeDrains(std::map<ContainerId, core::FormerDrain> drains);  // a former run's, at start

  // Brings every touched network to its desired state. Returns when to call again even if nothing
  // happens.
  std::optional<TimePoint> step(TimePoint now);

  // For a plugin handler: step(), and what went wrong with this network if anything did.
  Result<void> settle(const NetworkId& id, TimePoint now);

  // For the status page.
  bool routed(const NetworkId& id) const;
  std::string problem(const NetworkId& id) const;  // empty: none

 private:
  // What is remembered of a network between two steps.
  struct Track {
    core::RouteHold hold;
    std::set<Prefix> vips;  // also those of a network that is gone
    bool ready = false;
    std::optional<TimePoint> reevaluateAt;
    std::string problem;
    Backoff backoff{std::chrono::milliseconds(250), std::chrono::milliseconds(30'000)};
  };

  void reconcileNetwork(const NetworkId& id, TimePoint now);
  void noteFormer();
  void withdrawAbandoned(const std::string& bridge);
  Result<void> applyAll(const std::vector<core::Action>& actions, bool disturbed,
                        bool& linkAwaited);
  void updateAnnouncement(const NetworkId& id, Track& track, const core::DesiredNetwork& desired,
                          TimePoint now);
  bool mayWithdraw(const NetworkId& id) const;
  void noteProblem(const NetworkId& id, Track& track, const Result<void>& outcome, TimePoint now);
  void ensureFlowHashing(const core::KernelNetwork& desired);
  void reconcileBridges();
  void relaxReplyBridges(const std::set<std::string>& links);
  void reconcileFirewall();
  std::string reasons(const NetworkId& id, TimePoint now) const;
  bool isAnnouncedFor(const NetworkId& id, const Prefix& vip) const;
  bool anyAnnounced(const NetworkId& id, const Track& track) const;
  std::optional<TimePoint> earliest() const;

  Kernel& kernel_;
  HostSettings& host_;
  Routing& routing_;
  Firewall& firewall_;
  core::Policy policy_;
  core::Facts facts_;
  Drainer drainer_;
  Garbage garbage_;

  core::Touched touched_;
  core::Touched background_;  // by touchAll(): a few in each step
  core::Touched disturbed_;  // by someone else, in the kernel
  bool bridgesTouched_ = true;
  std::set<ContainerId> bridgesTouchedOf_;
  bool firewallTouched_ = true;
  std::map<NetworkId, Track> tracks_;
  std::map<std::string, NetworkId> byBridge_;  // our link's name -> network
  // Until the first lists: the routes on the bridges that a former controller installed. The kernel removes
  // a route with the last port of its bridge, before the VIP has been withdrawn.
  std::optional<std::map<std::string, std::set<Prefix>>> former_;
  // For which network a VIP was announced last: one made anew may have it while the withdrawal for the
  // one before is under way.
  std::map<Prefix, NetworkId> announcedFor_;
  core::Touched waiting_;                      // withdrawn, not yet confirmed
  std::set<std::pair<TimePoint, NetworkId>> timers_;
  std::set<Prefix> gatewaySubnets_;
  std::set<std::string> relaxed_;
  std::set<Family> flowsHashed_;
  std::set<std::string> hashingProblems_;  // said once
  std::optional<bool> firewallWanted_;
};

}  // namespace bgplb::reconcile
