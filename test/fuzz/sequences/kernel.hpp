#pragma once
// A simulated network namespace for the fuzzer of sequences: links, addresses, neighbours,
// forwarding entries, routes, nexthop objects and rules. Decodes the rtnetlink requests of the
// controller and answers with rtnetlink messages, as the kernel does (net/core/rtnetlink.c,
// net/ipv4/fib_trie.c, net/ipv6/route.c, net/ipv4/nexthop.c, net/core/fib_rules.c). Each object has
// its maker, so that a property can compare the objects of other programs before and after a
// request. Owned by Host; adapter.cpp connects it with netlink/.

#include "base/address.hpp"
#include "base/result.hpp"
#include "netlink/requests.hpp"

#include <linux/netlink.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace bgplb::fuzz {

enum class Maker { Controller, Other };

struct SimLink {
  std::string name;
  std::string kind;
  Maker maker = Maker::Other;
  int master = 0;
  unsigned mtu = 1500;
  bool up = false;
  bool running = false;  // as last notified
  MacAddress mac{};
  bool isolated = false;
  int peer = 0;           // the other end of a veth pair in this namespace; 0: in a container
  bool peerUp = false;    // the container's end is up
  unsigned rpFilter = 1;  // strict
  unsigned acceptRa = 1;
  unsigned requests = 0;  // requests that changed this link, other than rp_filter
  friend bool operator==(const SimLink&, const SimLink&) = default;
};

struct SimAddress {
  int link = 0;
  Address address;
  Prefix subnet;
  friend auto operator<=>(const SimAddress&, const SimAddress&) = default;
};

struct SimNeighbor {
  MacAddress mac;
  Maker maker = Maker::Other;
  friend bool operator==(const SimNeighbor&, const SimNeighbor&) = default;
};

struct SimNextHop {
  unsigned char protocol = 0;
  Maker maker = Maker::Other;
  int link = 0;  // 0: a group
  std::optional<Address> gateway{};
  std::set<std::uint32_t> members{};
  friend bool operator==(const SimNextHop&, const SimNextHop&) = default;
};

struct RouteKey {
  unsigned table = 0;
  Prefix destination;
  unsigned metric = 0;
  friend auto operator<=>(const RouteKey&, const RouteKey&) = default;
};

struct SimRoute {
  unsigned char protocol = 0;
  Maker maker = Maker::Other;
  int link = 0;
  std::uint32_t nextHop = 0;
  std::optional<Address> gateway{};
  friend bool operator==(const SimRoute&, const SimRoute&) = default;
};

struct SimRule {
  Family family = Family::V4;
  unsigned priority = 0;
  unsigned table = 0;
  unsigned mark = 0;
  unsigned mask = 0;
  unsigned char protocol = 0;
  unsigned char ipProtocol = 0;  // 0: any
  Maker maker = Maker::Other;
  friend auto operator<=>(const SimRule&, const SimRule&) = default;
};

struct KernelState {
  std::map<int, SimLink> links;
  std::set<SimAddress> addresses;
  std::map<std::pair<int, Address>, SimNeighbor> neighbors;      // permanent ones
  std::map<std::pair<int, MacAddress>, SimNeighbor> forwarding;  // static entries, by port
  std::map<std::uint32_t, SimNextHop> nextHops;
  std::map<RouteKey, SimRoute> routes;
  std::set<SimRule> rules;
  friend bool operator==(const KernelState&, const KernelState&) = default;

  int find(const std::string& link) const;  // its index; 0: none
};

class SimKernel {
 public:
  using Message = std::vector<char>;

  SimKernel();

  const KernelState& state() const { return state_; }

  // --- the controller's requests
  int handle(const nlmsghdr& request);                       // returns an errno; 0: done
  void refuseRouterAdvertisements(const std::string& link);  // the sysctl accept_ra
  // The reply to RTM_GETROUTE. None: no route.
  std::optional<Message> lookUp(const nlmsghdr& request) const;
  void dump(const nlmsghdr& request, const std::function<void(const nlmsghdr&)>& onMessage) const;
  // The next notification that the controller has not read yet. None: there is none.
  std::optional<Message> nextNotification();
  // Whether the controller has notifications to read.
  bool isReadable() const { return overrun_ || !queue_.empty(); }
  bool takeOverrun() { return std::exchange(overrun_, false); }

  // --- the other programs
  int addLink(SimLink link);  // returns the index; 0: the name is taken
  void removeLink(int index);
  void changeLink(int index, const std::function<void(SimLink&)>& change);
  void addAddress(const SimAddress& address);
  void removeAddress(const SimAddress& address);
  void addRoute(const RouteKey& key, const SimRoute& route);  // replaces the one with the same key
  void removeRoute(const RouteKey& key);
  void addNextHop(std::uint32_t id, const SimNextHop& hop);
  void removeNextHop(std::uint32_t id, bool notifies = true);
  void addRule(const SimRule& rule);
  void removeRule(const SimRule& rule);
  void setNeighbor(int link, const Address& address, const SimNeighbor& neighbor);
  void removeNeighbor(int link, const Address& address);
  void setForwarding(int port, const MacAddress& mac, Maker maker);
  void removeForwarding(int port, const MacAddress& mac);
  // The container end of a pair is moved into its container and set up.
  void moveToContainer(const std::string& containerEnd);
  void loseNotifications();
  void finishRemovals();  // of the links whose removal is slow

  unsigned failIn = 0;  // N: the Nth request from now fails
  int failure = 0;      // its errno
  bool slowRemovals = false;
  bool isSlow(int index) const { return slow_.contains(index); }
  void removeLater(int index) { slow_.insert(index); }
  std::uint64_t requests = 0;  // of the controller, without dumps and lookups
  std::uint64_t changes = 0;   // those that changed the state
  // Called after each request that succeeded, with the state before it.
  std::function<void(const KernelState& before, const nlmsghdr& request)> onRequest;

  // Set by the parts of netlink/ that adapter.cpp replaces.
  std::function<void()> onReadable;  // reads the notifications
  std::function<void()> refresh;     // the dump that netlink/ has scheduled

 private:
  int dispatch(const nlmsghdr& request);
  int newLink(const nlmsghdr& request);
  int createLink(const nlmsghdr& request);
  int setLink(const nlmsghdr& request);
  int newNeighbor(const nlmsghdr& request);
  int delNeighbor(const nlmsghdr& request);
  int newNextHop(const nlmsghdr& request);
  int newRoute(const nlmsghdr& request);
  int delRoute(const nlmsghdr& request);
  int newRule(const nlmsghdr& request);
  int delRule(const nlmsghdr& request);
  bool hasCarrier(int index, const SimLink& link) const;
  void updateCarriers();
  void dropRoutesOn(int link);
  void dropNextHopsOn(int link);
  void notify(Message message) { queue_.push_back(std::move(message)); }
  void notifyLink(int index);

  KernelState state_;
  int lastIndex_ = 0;
  bool overrun_ = false;
  std::set<int> slow_;
  std::deque<Message> queue_;
};

// --- kernel_messages.cpp: the messages about one object. `present`: false for RTM_DEL*.
SimKernel::Message linkMessage(int index, const SimLink& link, bool present);
SimKernel::Message addressMessage(const SimAddress& address, bool present);
SimKernel::Message neighborMessage(int link, const Address& address, const MacAddress& mac,
                                   bool present);
SimKernel::Message forwardingMessage(int port, int master, const MacAddress& mac, bool present);
SimKernel::Message nextHopMessage(std::uint32_t id, const SimNextHop& hop, bool present);
SimKernel::Message routeMessage(const RouteKey& key, const SimRoute& route, bool present,
                                bool replaces = false);
SimKernel::Message ruleMessage(const SimRule& rule, bool present);

std::string toText(const KernelState& state);  // one line for each object

}  // namespace bgplb::fuzz
