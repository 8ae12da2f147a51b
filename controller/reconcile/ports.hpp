#pragma once
// What the reconciler needs from its surroundings, as small interfaces. Each has one adapter (netlink/,
// bird/, firewall/, docker/, state/) and one fake in test/fakes. Everything runs on one thread.

#include "base/address.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "core/facts.hpp"
#include "core/actions.hpp"
#include "core/route_attributes.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace bgplb::reconcile {

// An address of this host (RTM_NEWADDR).
struct HostAddress {
  Prefix subnet;       // ifa_prefixlen applied
  Address address;     // IFA_LOCAL, else IFA_ADDRESS
  int ifIndex = 0;
  bool usable = true;  // false: tentative, dadfailed, deprecated, temporary, or not of global scope
  friend bool operator==(const HostAddress&, const HostAddress&) = default;
};

// How this host reaches an address (RTM_GETROUTE).
struct RouteLookup {
  int ifIndex = 0;
  std::string dev;
  std::optional<Address> gateway;  // none: on link
  std::optional<Address> source;   // RTA_PREFSRC
};

// The kernel objects of the VIP networks (rtnetlink). The adapter keeps a mirror of the kernel's state
// (dump, then notifications, read up to date after each request), so observing costs no system call
// and shows the state that the kernel reports. All calls are synchronous and bounded (a request that
// the kernel does not answer within 2 s is Transient).
class Kernel {
 public:
  virtual ~Kernel() = default;

  // Success of a LinkDel may mean that the removal is under way; the link is not observed any more.
  virtual Result<void> apply(const core::Action& action) = 0;
  virtual core::KernelNetwork observe(const std::string& bridge) const = 0;
  // Links that are provably ours, whatever network they belong to: bridges with a name and an address
  // as only we make them, and veth host ends with our names that are ports of those.
  virtual std::set<std::string> ownLinks() const = 0;
  virtual bool hasVeth(const std::string& host) const = 0;  // of any bridge or none
  // Whether established connections are led by connection marks (firewall/flow_marks.hpp). Without
  // marks the next-hop groups move a connection as late as they can. Existing groups are altered too,
  // in the background.
  virtual void setPinned(bool pinned) = 0;
  // Dumps everything again, in the background: what the mirror has missed is reported as a change.
  virtual void resync() = 0;
};

// How this host is connected (rtnetlink).
class HostNetwork {
 public:
  virtual ~HostNetwork() = default;

  virtual std::vector<HostAddress> addresses() const = 0;
  // NotFound: there is no route.
  virtual Result<RouteLookup> routeTo(const Address& destination) = 0;
};

// What must be set, or sent, on the host so that VIPs work.
class HostSettings {
 public:
  virtual ~HostSettings() = default;

  // Loose reverse path filtering (IFLA_INET_CONF, IPV4_DEVCONF_RP_FILTER = 2, RFC 3704 section 2.4)
  // on `dev` if it is strict there; netlink because /proc/sys is read-only in a plugin.
  virtual Result<void> relaxReversePathFilter(const std::string& dev) = 0;
  // Multipath routes choose by a hash over addresses and ports (fib_multipath_hash_policy 1) where it is
  // over addresses alone (0), so that the connections of one client are spread, too. The error says
  // how to set it by hand.
  virtual Result<void> hashFlows(Family family) = 0;
  // Primes neighbour discovery for an IPv6 neighbour that may not be able to solicit this host yet:
  // who is solicited learns the solicitor's link-layer address (RFC 4861 section 7.2.3). Sends a
  // datagram and does not wait for its outcome.
  virtual Result<void> primeNeighbor(const Address& neighbor) = 0;
};

// Packet filter rules that let forwarded traffic reach the VIPs.
class Firewall {
 public:
  virtual ~Firewall() = default;
  // `wanted`: there is at least one VIP network. Idempotent; runs in the background, later calls
  // replace earlier ones that have not begun.
  virtual void ensure(bool wanted) = 0;
};

// The routing daemon. It holds the wanted set itself; calls return at once and the daemon is
// reconfigured in the background, one command in flight, changes made meanwhile in one go.
class Routing {
 public:
  virtual ~Routing() = default;
  // Also to change the attributes of a prefix that is announced, which touches nothing else.
  virtual void announce(const Prefix& prefix, const core::RouteAttributes& attributes = {}) = 0;
  // Also of a prefix that a former controller announced, before this one has announced all of its own.
  virtual void withdraw(const Prefix& prefix) = 0;
  // Wanted, or withdrawn but not yet confirmed by the daemon.
  virtual bool mayBeAnnounced(const Prefix& prefix) const = 0;
};

// What the reconciler asks dockerd for. Runs in the background with deadlines.
class Engine {
 public:
  virtual ~Engine() = default;
  // POST /containers/{id}/kill?signal=SIGTERM. Not `stop`: Docker before 23 ignores its signal
  // parameter and would send the container's own stop signal again. Success: it was delivered, or
  // the container is not running any more.
  virtual void terminate(const ContainerId& id, std::function<void(Result<void>)> done) = 0;
};

// What neither Docker nor the kernel can report after a restart of this program: the drains.
class Store {
 public:
  virtual ~Store() = default;
  // Runs in the background and replaces a state that has not been written yet. `done` gets the outcome of
  // this write, or of the one that replaced it, and an error if the disk does not answer in time.
  virtual void saveDrains(const std::map<ContainerId, core::FormerDrain>& drains,
                          std::function<void(Result<void>)> done) = 0;
};

}  // namespace bgplb::reconcile
