#pragma once
// The ports of the reconciler: interfaces to the kernel, BIRD, the packet filter, dockerd and the
// state file. Each has one adapter (netlink/, bird/, firewall/, docker/, state/) and one fake in
// test/fakes. All calls and callbacks are on the event loop's thread.

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
  Prefix subnet;    // ifa_prefixlen applied
  Address address;  // IFA_LOCAL, else IFA_ADDRESS
  int ifIndex = 0;
  bool usable = true;  // false: tentative, dadfailed, deprecated, temporary, or not of global scope
  friend bool operator==(const HostAddress&, const HostAddress&) = default;
};

// The route of this host to an address (RTM_GETROUTE).
struct RouteLookup {
  int ifIndex = 0;
  std::string dev;
  std::optional<Address> gateway;  // none: on link
  std::optional<Address> source;   // RTA_PREFSRC
};

// The kernel objects of the VIP networks (rtnetlink). The adapter keeps a mirror of the kernel's
// state: a dump, then the notifications, which are read after each request. So observe() needs no
// system call. All calls are synchronous and bounded: a request without a reply from the kernel
// within 2 s is Transient.
class Kernel {
 public:
  virtual ~Kernel() = default;

  // After a successful LinkDel the removal may still be in progress, but observe() and hasVeth() no
  // longer show the link.
  virtual Result<void> apply(const core::Action& action) = 0;
  virtual core::KernelNetwork observe(const std::string& bridge) const = 0;
  // The links of any network that are provably ours: bridges whose name and MAC address both have
  // the form that only this plugin uses, and veth host ends with our names that are ports of such a
  // bridge.
  virtual std::set<std::string> ownLinks() const = 0;
  // Whether the host end exists, as a port of a bridge or not.
  virtual bool hasVeth(const std::string& host) const = 0;
  // False for IPv6 on a kernel without IPv6 (ipv6.disable=1, or CONFIG_IPV6=n).
  virtual bool supports(Family family) const = 0;
  // Whether connection marks route established connections (firewall/host_rules.hpp). Without
  // marks, the next-hop groups move a connection as late as possible. Existing groups are changed
  // as well, in the background.
  virtual void setPinned(bool pinned) = 0;
  // Dumps everything again in the background. Differences to the mirror are reported as changes.
  virtual void resync() = 0;
};

// The host's addresses and routes (rtnetlink).
class HostNetwork {
 public:
  virtual ~HostNetwork() = default;

  virtual std::vector<HostAddress> addresses() const = 0;
  // NotFound: there is no route.
  virtual Result<RouteLookup> routeTo(const Address& destination) = 0;
};

// Kernel settings of the host that VIPs require, and the priming of neighbour discovery.
class HostSettings {
 public:
  virtual ~HostSettings() = default;

  // Sets reverse path filtering on `dev` to loose (IFLA_INET_CONF, IPV4_DEVCONF_RP_FILTER = 2, RFC
  // 3704 section 2.4) if it is strict. Uses netlink, because /proc/sys is read-only in a plugin.
  // Returns whether the host filters strictly apart from such links: then a packet filter must
  // replace the strict filter on `dev`.
  virtual Result<bool> relaxReversePathFilter(const std::string& dev) = 0;
  // rp_filter of `vip0`, the container's end of the pair whose host end is `veth`: 0 off, 1 strict,
  // 2 loose. Requests enter by vip0 and replies leave by another link, so a strict filter drops the
  // requests. Not a setting of the host: it is read only.
  virtual Result<unsigned> containerReversePathFilter(const std::string& veth) = 0;
  // Sets fib_multipath_hash_policy from 0 (hash over the addresses) to 1 (hash over addresses and
  // ports), so that the connections of one client are distributed as well. The error contains the
  // command for the operator.
  virtual Result<void> hashFlows(Family family) = 0;
  // Primes neighbour discovery for an IPv6 neighbour that may not be able to solicit this host yet:
  // a solicited node learns the solicitor's link-layer address (RFC 4861 section 7.2.3). Sends a
  // datagram and does not wait for a result.
  virtual Result<void> primeNeighbor(const Address& neighbor) = 0;
};

// The packet filter rules that accept forwarded traffic to the VIPs.
class Firewall {
 public:
  virtual ~Firewall() = default;
  // `wanted`: at least one VIP network exists. Idempotent. Runs in the background; a later call
  // replaces an earlier one that has not begun.
  virtual void ensure(bool wanted) = 0;
  // The links on which strict reverse path filtering was set to loose: from each, only IPv4 packets
  // are accepted whose source is routed to that link or is a VIP of this host. Idempotent. In the
  // background, as ensure().
  virtual void filterSources(const std::set<std::string>& links) = 0;
};

// The routing daemon. The adapter owns the set of wanted prefixes. Calls return at once, and the
// daemon is reconfigured in the background with one command in flight; later changes go into one
// next command.
class Routing {
 public:
  virtual ~Routing() = default;
  // Also changes the attributes of an announced prefix, without effect on other prefixes.
  virtual void announce(const Prefix& prefix, const core::RouteAttributes& attributes = {}) = 0;
  // Also works for a prefix that a previous controller announced, before this controller has
  // announced its own set completely.
  virtual void withdraw(const Prefix& prefix) = 0;
  // Wanted, or withdrawn but not yet confirmed by the daemon.
  virtual bool mayBeAnnounced(const Prefix& prefix) const = 0;
};

// The reconciler's requests to dockerd. Each runs in the background with a deadline.
class Engine {
 public:
  virtual ~Engine() = default;
  // POST /containers/{id}/kill?signal=... Not `stop`, because Docker before 23 ignores the signal
  // parameter of `stop` and would send the container's own stop signal again. Success: the signal
  // was delivered, or the container is no longer running.
  virtual void terminate(const ContainerId& id, int signal,
                         std::function<void(Result<void>)> done) = 0;
};

// Persistent state: the drains, which neither Docker nor the kernel can report after a restart.
class Store {
 public:
  virtual ~Store() = default;
  // Runs in the background and replaces a state that has not been written yet. `done` gets the
  // result of this write or of the write that replaced it, or an error if the disk does not respond
  // in time.
  virtual void saveDrains(const std::map<ContainerId, core::FormerDrain>& drains,
                          std::function<void(Result<void>)> done) = 0;
};

}  // namespace bgplb::reconcile
