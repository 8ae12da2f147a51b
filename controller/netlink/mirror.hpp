#pragma once
// A copy of the kernel's state: links, addresses, neighbours, our routes, nexthop objects and our
// rules. Built by folding in a dump and then every notification. Pure. Owned by KernelMirror.
// Indexed by link, so that the cost of observing one network depends only on the objects of that
// network.
//
// The kernel removes some objects without a notification. The mirror derives these removals itself:
// - all IPv4 routes of a link that is set down or loses its last IPv4 address
// - the next hops on a link that loses its carrier
// - the IPv4 routes through a nexthop object that is removed
// - a route replaced by another one (NLM_F_REPLACE). If several routes have that destination, a
//   dump must show which one was replaced.

#include "netlink/codec.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace bgplb::netlink {

// A bridge of any instance, or of another program that uses our name prefix.
bool isVipBridge(const Link& link);
bool isOurVeth(const Link& link);  // the host end of one of our pairs

SlotRule ruleOf(const core::PinnedRoute& route);  // the rule that selects the route's table
// The same for the released UDP flows of that backend.
SlotRule udpRuleOf(const core::PinnedRoute& route);

// The externally visible effects of a fold.
struct Changes {
  std::set<std::string> bridges;  // our bridges whose observe() has changed
  // Addresses, foreign routes, or links that may carry the host's own traffic have changed.
  bool hostNetwork = false;
  // The notifications do not determine the kernel's state: the caller dumps the complete state.
  bool unsure = false;
  // Links that may have lost and regained their carrier between two notifications, and with it
  // their next hops: the caller dumps the next hops on these links and calls keepNextHops().
  std::set<int> doubtfulLinks;
  // Our veth host ends that have gained or lost their carrier, and whether they have it now.
  std::map<std::string, bool> carriers;
  bool empty() const { return bridges.empty() && !hostNetwork && carriers.empty(); }
  void add(Changes more) {
    bridges.merge(more.bridges);
    hostNetwork = hostNetwork || more.hostNetwork;
    unsure = unsure || more.unsure;
    for (const auto& [veth, present] : more.carriers) carriers[veth] = present;
    doubtfulLinks.merge(more.doubtfulLinks);
  }
};

class Mirror {
 public:
  explicit Mirror(core::Instance instance) : instance_(instance) {}
  core::Instance instance() const { return instance_; }

  void fold(const Notification& notification, Changes& changes);

  // Whether the kernel has IPv6.
  bool hasIpv6() const { return ipv6_; }
  void setIpv6(bool ipv6) { ipv6_ = ipv6; }

  // Removes all nexthop objects on that link except `ids`, the complete list in the kernel.
  void keepNextHops(int ifIndex, const std::set<std::uint32_t>& ids, Changes& changes);

  core::KernelNetwork observe(const std::string& bridge) const;
  // Our veth host ends that are up and ports of `bridge`. Empty if `bridge` is not ours.
  std::set<std::string> vethsOn(const std::string& bridge) const;
  // No other instance created the bridge. Its name belongs to one Docker network, so a bridge of
  // that name without an instance's address is one whose address another program changed.
  bool isOurBridge(const Link& link) const;
  // NotFound: no such link. Conflict: the link is not one of our bridges.
  Result<Link> ourBridge(const std::string& name) const;
  const std::set<std::string>& bridges() const { return bridges_; }
  const std::set<std::string>& veths() const { return veths_; }
  std::vector<reconcile::HostAddress> addresses() const;
  // The static forwarding entries of a bridge port.
  std::set<MacAddress> forwarding(int ifIndex) const;
  const Link* link(const std::string& name) const;
  const Link* link(int index) const;

  const NextHop* nextHop(std::uint32_t id) const;
  // Our nexthop object on that link with gateway `via`; 0: none.
  std::uint32_t nextHopId(int ifIndex, const Address& via) const;
  // Our groups of that family with a member on that link.
  std::set<std::uint32_t> groups(int ifIndex, Family family) const;
  // The next hop of one of our routes: a nexthop object, or a link if `nextHop` is 0.
  struct NextHopRef {
    std::uint32_t nextHop = 0;
    int ifIndex = 0;
    unsigned metric = 0;  // of the route
    friend auto operator<=>(const NextHopRef&, const NextHopRef&) = default;
  };
  // The next hops of our routes to `destination` in the main table.
  std::set<NextHopRef> nextHopRefs(const Prefix& destination) const;
  // Whether `ref` or, for a group, one of its members is on that link.
  bool leadsTo(const NextHopRef& ref, int ifIndex) const;
  bool hasPinned(const core::PinnedRoute& route) const { return linksByPinned_.contains(route); }
  bool hasReleased(const core::PinnedRoute& route) const {
    return groupsByReleased_.contains(route);
  }
  bool hasRule(const SlotRule& rule) const { return rules_.contains(rule); }
  // Rules whose table has no route.
  std::set<SlotRule> unusedRules() const;

  // Whether observe() of that bridge differs between two mirrors of one kernel. Cheap if it does
  // not.
  static bool differ(const Mirror& one, const Mirror& other, const std::string& bridge);

 private:
  // One of our routes in the main table, which is unique by destination and metric.
  struct RouteKey {
    Prefix destination;
    unsigned metric = 0;
    friend auto operator<=>(const RouteKey&, const RouteKey&) = default;
  };
  struct Device {
    std::optional<Link> link;   // none: so far, only its ports or routes are known
    std::set<int> ports;        // links whose master is this link
    std::set<RouteKey> routes;  // with our protocol, on this link without a nexthop object
    std::set<core::PinnedRoute> pinned;
    std::set<std::uint32_t> nextHops;         // nexthop objects on this link
    std::map<Address, MacAddress> neighbors;  // permanent ones
    std::set<MacAddress> forwarding;          // static forwarding entries of this bridge port
    // IPv4 allows the same address with several prefix lengths.
    std::map<std::pair<Address, Prefix>, reconcile::HostAddress> addresses;
  };

  void foldLink(const Link& link, bool removed, Changes& changes);
  void foldRoute(const Route& route, Change change, Changes& changes);
  void foldNeighbor(const Neighbor& neighbor, bool removed, Changes& changes);
  void foldForwarding(const ForwardingEntry& entry, bool removed, Changes& changes);
  void foldPinned(const Route& route, bool removed, Changes& changes);
  void foldReleased(const Route& route, bool removed, Changes& changes);
  void foldNextHop(const NextHop& hop, bool removed, Changes& changes);
  void foldRule(const SlotRule& rule, bool removed, Changes& changes);
  void foldAddress(const reconcile::HostAddress& address, bool removed, Changes& changes);

  void index(const Link& link);
  void unindex(const Link& link);
  void addRoute(const NextHopRef& ref, const Prefix& destination, Changes& changes);
  void dropRoute(const NextHopRef& ref, const Prefix& destination, Changes& changes);
  void dropPinned(const core::PinnedRoute& route, Changes& changes);
  void dropReleased(const core::PinnedRoute& route, Changes& changes);
  void dropNextHop(std::uint32_t id, Changes& changes);
  void dropNextHops(int ifIndex, Changes& changes);
  void leaveGroups(const NextHop& group);
  void observeNextHops(const Device& device, core::KernelNetwork& network) const;
  // Whether all objects that observe() reads for that bridge are equal in both mirrors.
  bool hasSameObjects(const std::string& bridge, const Mirror& other) const;
  bool hasSameNextHop(std::uint32_t id, const Mirror& other) const;
  bool hasSameUdpRules(std::uint32_t group, const Mirror& other) const;
  void addReleased(std::uint32_t group, core::KernelNetwork& network) const;
  bool isOurGroup(std::uint32_t id) const;
  void dropRoutes(int ifIndex, Family family, Changes& changes);
  void dropAddresses(Device& device, Changes& changes);
  void forgetIfEmpty(int ifIndex);
  void markBridge(int ifIndex, Changes& changes) const;
  void markBridges(const NextHop& hop, Changes& changes) const;
  void markBridges(const NextHopRef& ref, Changes& changes) const;

  core::Instance instance_;
  bool ipv6_ = true;
  std::unordered_map<int, Device> devices_;
  std::unordered_map<std::string, int> indexByName_;
  std::map<std::uint32_t, NextHop> nextHops_;
  std::map<std::uint32_t, std::set<std::uint32_t>> groupsByMember_;
  std::map<Prefix, std::set<NextHopRef>> nextHopRefsByRoute_;
  std::map<std::uint32_t, std::set<RouteKey>> routesByNextHop_;
  std::map<core::PinnedRoute, int> linksByPinned_;
  std::map<core::PinnedRoute, std::uint32_t> groupsByReleased_;
  std::map<std::uint32_t, std::set<core::PinnedRoute>> releasedByGroup_;
  std::map<SlotRule, std::size_t> routesByRule_;  // number of our routes in the rule's table
  std::set<SlotRule> rules_;
  std::set<int> addressed_;  // links with addresses: few among many
  std::set<std::string> bridges_;
  std::set<std::string> veths_;
};

}  // namespace bgplb::netlink
