#pragma once
// What the kernel says there is, kept by folding a dump and then every notification into it.
// Indexed by link, so that looking at one network costs what is on that network, however many there
// are.
//
// The kernel does not announce everything it removes. Silent, and therefore concluded here, are:
// all IPv4 routes of a link that is set down or loses its last IPv4 address, the next hops on a
// link that is no longer running, the IPv4 routes by way of a next hop that goes, and the route
// that another one replaced (NLM_F_REPLACE; where several have its destination, only a dump tells
// which).

#include "netlink/codec.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace bgplb::netlink {

bool isOurBridge(const Link& link);
bool isOurVeth(const Link& link);  // the host end of one of our pairs

SlotRule ruleOf(const core::PinnedRoute& route);  // that leads to its table

// What a fold changed, as far as anyone outside can see it.
struct Changes {
  std::set<std::string> bridges;  // names of ours whose observe() has changed
  bool uplink = false;  // usable addresses, or by which link or route this host is reached
  bool unsure = false;  // notifications leave open what is installed: dump everything again
  // Links whose carrier may have been lost and have come back without a notification, and with it
  // their next hops: dump the next hops on them (keepNextHops()).
  std::set<int> doubtfulLinks;
  bool empty() const { return bridges.empty() && !uplink; }
  void add(Changes more) {
    bridges.merge(more.bridges);
    uplink = uplink || more.uplink;
    unsure = unsure || more.unsure;
    doubtfulLinks.merge(more.doubtfulLinks);
  }
};

class Mirror {
 public:
  void fold(const Notification& notification, Changes& changes);

  // `ids` are all nexthop objects that the kernel has on that link: drops the others.
  void keepNextHops(int ifIndex, const std::set<std::uint32_t>& ids, Changes& changes);

  core::KernelNetwork observe(const std::string& bridge) const;
  // Our veth host ends that are ports of that bridge of ours, and up.
  std::set<std::string> vethsOn(const std::string& bridge) const;
  // NotFound: there is no such link. Conflict: it is not a bridge of ours.
  Result<Link> ourBridge(const std::string& name) const;
  const std::set<std::string>& bridges() const { return bridges_; }
  const std::set<std::string>& veths() const { return veths_; }
  std::vector<reconcile::HostAddress> addresses() const;
  const Link* link(const std::string& name) const;
  const Link* link(int index) const;

  const NextHop* nextHop(std::uint32_t id) const;
  // Of ours on that link: by way of `via`, or the groups of that family; 0 or empty: none.
  std::uint32_t nextHopId(int ifIndex, const Address& via) const;
  std::set<std::uint32_t> groups(int ifIndex, Family family) const;
  // By what a route of ours to `destination` leads, in the main table: a nexthop object, or
  // (`nextHop` is 0) a link.
  struct Way {
    std::uint32_t nextHop = 0;
    int ifIndex = 0;
    friend auto operator<=>(const Way&, const Way&) = default;
  };
  std::set<Way> ways(const Prefix& destination) const;
  bool leadsTo(const Way& way, int ifIndex) const;  // also one of several
  bool hasRule(const SlotRule& rule) const { return rules_.contains(rule); }
  // Rules that lead to a table without a route.
  std::set<SlotRule> unusedRules() const;

  // Whether two mirrors of one kernel show that bridge differently. Costs little if they do not.
  static bool differ(const Mirror& one, const Mirror& other, const std::string& bridge);

 private:
  struct Device {
    std::optional<Link> link;  // none: only its ports or routes have been told yet
    std::set<int> ports;       // links whose master this is
    std::set<Prefix> routes;   // of our protocol, directly on this link
    std::set<core::PinnedRoute> pinned;
    std::set<std::uint32_t> nextHops;         // nexthop objects on this link
    std::map<Address, MacAddress> neighbors;  // permanent ones
    // IPv4 allows one address with several prefix lengths.
    std::map<std::pair<Address, Prefix>, reconcile::HostAddress> addresses;
  };

  void foldLink(const Link& link, bool removed, Changes& changes);
  void foldRoute(const Route& route, Change change, Changes& changes);
  void foldNeighbor(const Neighbor& neighbor, bool removed, Changes& changes);
  void foldPinned(const Route& route, bool removed, Changes& changes);
  void foldNextHop(const NextHop& hop, bool removed, Changes& changes);
  void foldRule(const SlotRule& rule, bool removed, Changes& changes);
  void foldAddress(const reconcile::HostAddress& address, bool removed, Changes& changes);

  void index(const Link& link);
  void unindex(const Link& link);
  void addRoute(const Way& way, const Prefix& destination, Changes& changes);
  void dropRoute(const Way& way, const Prefix& destination, Changes& changes);
  void dropPinned(const core::PinnedRoute& route, Changes& changes);
  void dropNextHop(std::uint32_t id, Changes& changes);
  void dropNextHops(int ifIndex, Changes& changes);
  void leaveGroups(const NextHop& group);
  void observeNextHops(const Device& device, core::KernelNetwork& network) const;
  // Whether all objects from which observe() makes that network are the same in both mirrors.
  bool hasSameObjects(const std::string& bridge, const Mirror& other) const;
  bool hasSameNextHop(std::uint32_t id, const Mirror& other) const;
  bool isOurGroup(std::uint32_t id) const;
  void dropRoutes(int ifIndex, Family family, Changes& changes);
  void dropAddresses(Device& device, Changes& changes);
  void forgetIfEmpty(int ifIndex);
  void markBridge(int ifIndex, Changes& changes) const;
  void markBridges(const NextHop& hop, Changes& changes) const;
  void markBridges(const Way& way, Changes& changes) const;

  std::unordered_map<int, Device> devices_;
  std::unordered_map<std::string, int> indexByName_;
  std::map<std::uint32_t, NextHop> nextHops_;
  std::map<std::uint32_t, std::set<std::uint32_t>> groupsByMember_;
  std::map<Prefix, std::set<Way>> waysByRoute_;
  std::map<std::uint32_t, std::set<Prefix>> routesByNextHop_;
  std::map<core::PinnedRoute, int> linksByPinned_;
  std::map<SlotRule, std::size_t> pinnedBySlot_;  // how many there are
  std::set<SlotRule> rules_;
  std::set<int> addressed_;  // the few links that have addresses, of the many there may be
  std::set<std::string> bridges_;
  std::set<std::string> veths_;
};

}  // namespace bgplb::netlink
