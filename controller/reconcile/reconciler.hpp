#pragma once
// The only writer of kernel objects and announcements. Every event changes the facts and marks
// networks as dirty (touch()). step() then observes the kernel, computes the desired state, plans
// and acts for each dirty network, so that a change costs nothing for the other networks. Owns the
// facts; Loop calls step(), and App and the adapters call the touch functions.
//
// Order for one VIP: links and host route, then the announcement. The withdrawal, then the removal
// of the host route, after the daemon has confirmed the withdrawal and DRAIN_GRACE is over. A VIP
// is announced only if the kernel has its host route.
//
// step() never waits. Kernel requests are synchronous and bounded. Calls to the routing daemon, the
// firewall, dockerd and the state file run in the background and wake the loop again. So a plugin
// handler may call step().

#include "base/backoff.hpp"
#include "core/desired.hpp"
#include "core/facts.hpp"
#include "core/fold.hpp"
#include "core/vip_rules.hpp"
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

  // `wake` is called when a background operation has finished; it must schedule a step.
  void onWake(std::function<void()> wake);
  const core::Policy& policy() const { return policy_; }
  void setPolicy(const core::Policy& policy);  // at any time; marks every network as dirty

  const core::HostNeeds& hostNeeds() const { return needs_; }
  void setHostNeeds(core::HostNeeds needs);  // after a change of the host's addresses or routes

  core::Facts& facts() { return facts_; }
  const core::Facts& facts() const { return facts_; }

  void touch(const core::Touched& networks);
  void touchBridge(const std::string& link);  // another program changed our kernel objects
  // The host end `veth` of a backend's veth pair has gained or lost its carrier.
  void carrierChanged(const std::string& veth, bool present, TimePoint now);
  void touchUnconfirmed();  // the routing daemon confirmed a configuration
  void touchBridges();      // a Docker bridge changed, or the containers attached to it
  void touchBridgesOf(const ContainerId& id);   // only the attachments of this container changed
  void touchFirewall();                         // Docker rearranged its chains
  void touchAll(TimePoint now);                 // after a full list from dockerd
  void removeEndpoint(const EndpointId& id);    // DeleteEndpoint: removes the veth pair at once
  void primeNeighbor(const Address& neighbor);  // core/neighbors_to_prime.hpp
  void setPinned(bool pinned) { kernel_.setPinned(pinned); }  // from the firewall's status
  void saveDrains(TimePoint now) { drainer_.saveNow(now); }   // before this program ends
  // At start, with the drains from the state file.
  void resumeDrains(std::map<ContainerId, core::FormerDrain> drains);

  // Brings every dirty network to its desired state. Returns the time for the next step if no event
  // causes an earlier one.
  std::optional<TimePoint> step(TimePoint now);

  // For a plugin handler: runs step() and returns the error of this network, if any.
  Result<void> settle(const NetworkId& id, TimePoint now);

  // For the status page.
  bool routed(const NetworkId& id) const;
  core::Reachability reachability(const NetworkId& id, const EndpointId& endpoint) const;
  // Why the VIP is refused, or what the kernel refuses; empty: none.
  std::string problem(const NetworkId& id, const Prefix& vip) const;
  std::string gatewayProblem(const NetworkId& bridge, const Prefix& subnet) const;  // empty: none
  // Another plugin's network was created with this plugin's INSTANCE, one sentence; empty: none.
  // New networks are then refused, and the rules of the packet filter stay, because the other
  // plugin may be disabled for a moment, or be a version that does not hold its INSTANCE.
  std::string sharedInstance() const;

 private:
  // The state of a network between two steps.
  struct Track {
    core::RouteHold hold;
    std::set<EndpointId> withoutSlot;  // as of the last reconciliation
    std::set<Prefix> vips;             // including former ones and those of a removed network
    bool ready = false;
    std::optional<TimePoint> reevaluateAt;
    std::string problem;
    std::map<EndpointId, std::string> filtersRead;  // the run of the container, by its start time
    std::map<Family, std::string> unserved;         // why the VIP of a family is not served
    std::string portProblem;                        // core/port_check.hpp; empty: none
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
  void noteUnserved(const NetworkId& id, Track& track, const core::DesiredNetwork& desired);
  void notePorts(const NetworkId& id, Track& track, const core::DesiredNetwork& desired);
  void readContainerFilters(const NetworkId& id, Track& track);
  void ensureFlowHashing(const core::KernelNetwork& desired);
  void reconcileBridges();
  void relaxReplyBridges(const std::set<std::string>& links);
  void reconcileFirewall();
  std::string reasons(const NetworkId& id, TimePoint now) const;
  void refuseVips(const NetworkId& id, Track& track);
  NetworkId holderOf(const Prefix& vip) const;
  bool isAnnouncedFor(const NetworkId& id, const Prefix& prefix) const;
  std::set<Prefix> announcedVips(const NetworkId& id, const Track& track) const;
  void noteHolders(const Track& track);
  std::optional<TimePoint> earliest() const;

  Kernel& kernel_;
  HostSettings& host_;
  Routing& routing_;
  Firewall& firewall_;
  core::Policy policy_;
  core::HostNeeds needs_;
  core::Facts facts_;
  Drainer drainer_;
  Garbage garbage_;

  core::Touched touched_;
  core::Touched background_;  // marked by touchAll(); kBackgroundPerStep in each step
  core::Touched disturbed_;   // networks whose kernel objects another program changed
  bool bridgesTouched_ = true;
  std::set<ContainerId> bridgesTouchedOf_;
  bool firewallTouched_ = true;
  std::map<NetworkId, Track> tracks_;
  std::map<std::string, NetworkId> byBridge_;  // name of our bridge -> network
  // The routes that a previous controller installed, by bridge; used until the first lists. The
  // kernel removes a route together with the last port of its bridge, so the VIP to withdraw would
  // be unknown.
  std::optional<std::map<std::string, std::set<Prefix>>> former_;
  // The network for which a prefix was announced last: a VIP network, or a gateway bridge whose
  // subnet is the prefix. A new network may have the prefix while the withdrawal for the removed
  // network is still in progress.
  std::map<Prefix, NetworkId> announcedFor_;
  std::map<Prefix, NetworkId> holders_;  // of the VIPs that several networks have
  core::Touched waiting_;                // withdrawn, not yet confirmed
  std::set<std::pair<TimePoint, NetworkId>> timers_;
  core::GatewaySubnets gateways_;  // `announced`: those that this controller has announced
  // Links of reply bridges, and whether the packet filter replaces their reverse path filter.
  std::map<std::string, bool> relaxed_;
  std::set<Family> flowsHashed_;
  std::set<std::string> hashingProblems_;  // logged once each
  std::optional<bool> firewallWanted_;
  std::string sharedInstance_;  // logged last; empty: none
};

}  // namespace bgplb::reconcile
