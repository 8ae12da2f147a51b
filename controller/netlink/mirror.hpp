#pragma once
// What the kernel says there is, kept by folding a dump and then every notification into it.
// Indexed by link, so that looking at one network costs what is on that network, however many there
// are.
//
// The kernel does not announce everything it removes. Silent, and therefore concluded here, are:
// all IPv4 routes of a link that is set down or loses its last IPv4 address, and the route that
// another one replaced (NLM_F_REPLACE; where several have its destination, only a dump tells
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

// What a fold changed, as far as anyone outside can see it.
struct Changes {
  std::set<std::string> bridges;  // names of ours whose observe() has changed
  bool uplink = false;  // usable addresses, or by which link or route this host is reached
  bool unsure = false;  // the messages do not tell what is there now: dump again
  bool empty() const { return bridges.empty() && !uplink; }
  void add(Changes more) {
    bridges.merge(more.bridges);
    uplink = uplink || more.uplink;
    unsure = unsure || more.unsure;
  }
};

class Mirror {
 public:
  void fold(const Notification& notification, Changes& changes);

  core::KernelNetwork observe(const std::string& bridge) const;
  const std::set<std::string>& bridges() const { return bridges_; }
  const std::set<std::string>& veths() const { return veths_; }
  std::vector<reconcile::HostAddress> addresses() const;
  const Link* link(const std::string& name) const;
  const Link* link(int index) const;
  // The links that have a route of ours to `destination`.
  std::set<int> routeLinks(const Prefix& destination) const;

  // What someone who knew only `before` has missed.
  static Changes difference(const Mirror& before, const Mirror& after);

 private:
  struct Device {
    std::optional<Link> link;                 // none: only its ports or routes have been told yet
    std::set<int> ports;                      // links whose master this is
    std::set<Prefix> routes;                  // of our protocol
    std::map<Address, MacAddress> neighbors;  // permanent ones
    // IPv4 allows one address with several prefix lengths.
    std::map<std::pair<Address, Prefix>, reconcile::HostAddress> addresses;
  };

  void foldLink(const Link& link, bool removed, Changes& changes);
  void foldRoute(const Route& route, Change change, Changes& changes);
  void foldNeighbor(const Neighbor& neighbor, bool removed, Changes& changes);
  void foldAddress(const reconcile::HostAddress& address, bool removed, Changes& changes);

  void index(const Link& link);
  void unindex(const Link& link);
  void dropRoute(int ifIndex, const Prefix& destination, Changes& changes);
  void dropRoutes(int ifIndex, Family family, Changes& changes);
  void dropAddresses(Device& device, Changes& changes);
  void forgetIfEmpty(int ifIndex);
  void markBridge(int ifIndex, Changes& changes) const;

  std::unordered_map<int, Device> devices_;
  std::unordered_map<std::string, int> indexByName_;
  std::map<Prefix, std::set<int>> linksByRoute_;
  std::set<int> addressed_;  // the few links that have addresses, of the many there may be
  std::set<std::string> bridges_;
  std::set<std::string> veths_;
};

}  // namespace bgplb::netlink
