#pragma once
// rtnetlink requests, built as bytes. Each function is one message; the socket numbers and sends
// it.

#include "base/address.hpp"
#include "core/actions.hpp"

#include <linux/netlink.h>

#include <array>
#include <cstdint>
#include <set>
#include <string>

namespace bgplb::netlink {

class Request {
 public:
  Request(std::uint16_t type, unsigned flags);

  nlmsghdr& header() { return *reinterpret_cast<nlmsghdr*>(buffer_.data()); }
  const nlmsghdr& header() const { return *reinterpret_cast<const nlmsghdr*>(buffer_.data()); }

 private:
  // The longest request, a group of core::kSlots next hops, has 2,100 bytes.
  alignas(NLMSG_ALIGNTO) std::array<char, 4096> buffer_;
};

// A bridge with a MAC address of its own. Without one it takes the lowest of its ports', and each
// time that changes the kernel drops all neighbours on the bridge, permanent ones too.
// No spanning tree and no forward delay (a port forwards at once), no multicast snooping (there is
// no querier, so it would only lose neighbour discovery).
Request bridgeAdd(const std::string& name, const MacAddress& address);
// The same settings for a bridge that is there.
Request bridgeChange(int index);
Request vethAdd(const std::string& host, const std::string& container, unsigned mtu);

Request linkSetAddress(int index, const MacAddress& address);
// No link-local address: it would be one more thing on the LB network that answers. Only while the
// link is down does it come in time.
Request linkSetNoAddressGeneration(int index);
Request linkSetMtu(int index, unsigned mtu);
Request linkSetMaster(int index, int master);
Request linkSetUp(int index);
Request linkDel(int index);

// net.ipv4.conf.*.rp_filter by netlink, since /proc/sys may be absent or read-only: 0 none,
// 1 strict, 2 loose (RFC 3704). The kernel goes by the greater of a link's value and that of "all".
Request linkSetReversePathFilter(int index, unsigned mode);
inline constexpr int kAllLinks = -1;  // NETCONFA_IFINDEX_ALL
Request settingsGet(int index);       // RTM_GETNETCONF

enum class IfExists { Fail, Replace };
// By way of a nexthop object, main table, our protocol.
Request routeAdd(const Prefix& destination, std::uint32_t nextHop, IfExists ifExists);
// Of our protocol, main table, and by that nexthop object only; 0: directly on that link only.
Request routeDel(const Prefix& destination, std::uint32_t nextHop, int ifIndex);
// In the table of the slot that `route.via` stands for, in the place of what is there.
Request pinnedRouteReplace(const core::PinnedRoute& route, int ifIndex);
Request pinnedRouteDel(const core::PinnedRoute& route, int ifIndex);

// `via` needs no route of its own (RTNH_F_ONLINK). Refused while the link has no carrier.
Request nextHopAdd(std::uint32_t id, const Address& via, int ifIndex);
Request nextHopDel(std::uint32_t id);

// How a group spreads flows. Resilient (Linux 5.13): a flow belongs to one of a fixed number of
// buckets, and a change of members moves only buckets that the change makes necessary; the one that
// has to go to a new member does so when no packet came by it for `idle`, or when the group has
// been out of balance for `unbalanced` (0: never).
struct Spreading {
  bool resilient = true;
  unsigned idle = 0;        // seconds
  unsigned unbalanced = 0;  // seconds
};
// Makes the group, or gives it these members.
Request groupReplace(std::uint32_t id, const std::set<std::uint32_t>& members,
                     const Spreading& spreading);

// What has the slot's mark goes by the slot's table, where it has a route.
Request ruleAdd(Family family, core::Slot slot);
Request ruleDel(Family family, core::Slot slot);
// The path of a packet to `destination`.
Request routeGet(const Address& destination);
// The table entry that decides it.
Request routeMatch(const Address& destination);

Request neighReplace(const Address& address, const MacAddress& mac, int ifIndex);
Request neighDel(const Address& address, int ifIndex);

Request linkDump();
Request neighDump();
Request addressDump();
// Of our protocol only where the kernel filters (NETLINK_GET_STRICT_CHK, Linux 4.20).
Request routeDump(Family family);
Request nextHopDump();
Request nextHopDump(int ifIndex);  // those on that link, no groups
Request ruleDump(Family family);

// The address of our bridge of that name: always the same one, locally administered.
MacAddress bridgeAddress(const std::string& name);

}  // namespace bgplb::netlink
