// Requests about routes, nexthop objects and policy rules (requests.hpp).
#include "netlink/codec.hpp"
#include "netlink/requests.hpp"

#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/ip.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>

#include <vector>

namespace bgplb::netlink {

namespace {

constexpr unsigned kChange = NLM_F_REQUEST | NLM_F_ACK;
constexpr unsigned kCreate = kChange | NLM_F_CREATE | NLM_F_EXCL;
constexpr unsigned kReplace = kChange | NLM_F_CREATE | NLM_F_REPLACE;
constexpr unsigned kDump = NLM_F_REQUEST | NLM_F_DUMP;

// Enough for an even distribution over a few dozen backends; takes about 3 KiB of kernel memory.
constexpr std::uint16_t kBuckets = 128;
constexpr unsigned kClockTicks = 100;  // per second: the kernel's timers are in clock_t

unsigned char familyOf(Family family) { return family == Family::V4 ? AF_INET : AF_INET6; }

void putAddress(Request& request, std::uint16_t type, const Address& address) {
  mnl_attr_put(&request.header(), type, address.size(), address.bytes());
}

template <typename Header>
Header& putHeader(Request& request) {
  return *static_cast<Header*>(mnl_nlmsg_put_extra_header(&request.header(), sizeof(Header)));
}

rtmsg& putRoute(Request& request, Family family) {
  auto& route = putHeader<rtmsg>(request);
  route.rtm_family = familyOf(family);
  return route;
}

Request routeLookup(const Address& destination, unsigned flags) {
  Request request(RTM_GETROUTE, NLM_F_REQUEST);
  auto& route = putRoute(request, destination.family());
  route.rtm_dst_len = static_cast<unsigned char>(destination.size() * 8);
  route.rtm_flags = flags;
  putAddress(request, RTA_DST, destination);
  return request;
}

// A route to `destination` with our protocol; the caller adds the next hop.
Request routeChange(core::Instance instance, std::uint16_t type, unsigned flags,
                    const Prefix& destination, std::uint32_t table) {
  Request request(type, flags);
  auto& route = putRoute(request, destination.family());
  route.rtm_dst_len = static_cast<unsigned char>(destination.length());
  route.rtm_table = static_cast<unsigned char>(table < 256 ? table : RT_TABLE_UNSPEC);
  route.rtm_protocol = instance.routeProtocol();
  route.rtm_type = RTN_UNICAST;
  // In RTM_DELROUTE, RT_SCOPE_NOWHERE matches any scope.
  route.rtm_scope = type == RTM_DELROUTE ? RT_SCOPE_NOWHERE : RT_SCOPE_UNIVERSE;
  putAddress(request, RTA_DST, destination.address());
  mnl_attr_put_u32(&request.header(), RTA_TABLE, table);
  return request;
}

Request pinnedRoute(core::Instance instance, std::uint16_t type, unsigned flags,
                    const core::PinnedRoute& route, int ifIndex) {
  const std::uint32_t table = instance.slotTable() + core::slotOf(route.via).value_or(0);
  Request request = routeChange(instance, type, flags, route.destination, table);
  putAddress(request, RTA_GATEWAY, route.via);
  mnl_attr_put_u32(&request.header(), RTA_OIF, static_cast<std::uint32_t>(ifIndex));
  static_cast<rtmsg*>(mnl_nlmsg_get_payload(&request.header()))->rtm_flags |= RTNH_F_ONLINK;
  return request;
}

Request slotRule(core::Instance instance, std::uint16_t type, unsigned flags, Family family,
                 core::Slot slot, bool udp) {
  Request request(type, flags);
  auto& rule = putHeader<fib_rule_hdr>(request);
  rule.family = familyOf(family);
  rule.table = RT_TABLE_UNSPEC;  // FRA_TABLE has the table
  rule.action = FR_ACT_TO_TBL;
  nlmsghdr& header = request.header();
  const auto priority = udp ? core::kUdpRulePriority : core::kSlotRulePriority;
  mnl_attr_put_u32(&header, FRA_PRIORITY, priority + slot);
  mnl_attr_put_u32(&header, FRA_FWMARK, slot << core::kSlotMarkShift);
  mnl_attr_put_u32(&header, FRA_FWMASK, core::kSlotMarkMask);
  mnl_attr_put_u32(&header, FRA_TABLE, (udp ? instance.udpTable() : instance.slotTable()) + slot);
  if (udp) mnl_attr_put_u8(&header, FRA_IP_PROTO, IPPROTO_UDP);
  mnl_attr_put_u8(&header, FRA_PROTOCOL, instance.routeProtocol());
  return request;
}

std::uint32_t udpTableOf(core::Instance instance, const core::PinnedRoute& route) {
  return instance.udpTable() + core::slotOf(route.via).value_or(0);
}

nhmsg& putNextHop(Request& request, core::Instance instance, unsigned char family) {
  auto& hop = putHeader<nhmsg>(request);
  hop.nh_family = family;
  hop.nh_protocol = instance.routeProtocol();
  return hop;
}

}  // namespace

Request routeAdd(core::Instance instance, const Prefix& destination, std::uint32_t nextHop,
                 IfExists ifExists) {
  const unsigned flags = ifExists == IfExists::Fail ? kCreate : kReplace;
  Request request = routeChange(instance, RTM_NEWROUTE, flags, destination, RT_TABLE_MAIN);
  mnl_attr_put_u32(&request.header(), RTA_PRIORITY, routeMetric(destination.family()));
  mnl_attr_put_u32(&request.header(), RTA_NH_ID, nextHop);
  return request;
}

Request routeDel(core::Instance instance, const Prefix& destination, std::uint32_t nextHop,
                 int ifIndex, unsigned metric) {
  Request request = routeChange(instance, RTM_DELROUTE, kChange, destination, RT_TABLE_MAIN);
  mnl_attr_put_u32(&request.header(), RTA_PRIORITY, metric);
  if (nextHop != 0) {
    mnl_attr_put_u32(&request.header(), RTA_NH_ID, nextHop);
  } else {
    mnl_attr_put_u32(&request.header(), RTA_OIF, static_cast<std::uint32_t>(ifIndex));
  }
  return request;
}

Request pinnedRouteAdd(core::Instance instance, const core::PinnedRoute& route, int ifIndex,
                       IfExists ifExists) {
  const unsigned flags = ifExists == IfExists::Fail ? kCreate : kReplace;
  return pinnedRoute(instance, RTM_NEWROUTE, flags, route, ifIndex);
}

Request pinnedRouteDel(core::Instance instance, const core::PinnedRoute& route, int ifIndex) {
  return pinnedRoute(instance, RTM_DELROUTE, kChange, route, ifIndex);
}

Request udpRouteAdd(core::Instance instance, const core::PinnedRoute& route, std::uint32_t nextHop,
                    IfExists ifExists) {
  const unsigned flags = ifExists == IfExists::Fail ? kCreate : kReplace;
  Request request =
      routeChange(instance, RTM_NEWROUTE, flags, route.destination, udpTableOf(instance, route));
  mnl_attr_put_u32(&request.header(), RTA_NH_ID, nextHop);
  return request;
}

Request udpRouteDel(core::Instance instance, const core::PinnedRoute& route) {
  return routeChange(instance, RTM_DELROUTE, kChange, route.destination,
                     udpTableOf(instance, route));
}

Request nextHopAdd(core::Instance instance, std::uint32_t id, const Address& via, int ifIndex) {
  Request request(RTM_NEWNEXTHOP, kCreate);
  putNextHop(request, instance, familyOf(via.family())).nh_flags = RTNH_F_ONLINK;
  mnl_attr_put_u32(&request.header(), NHA_ID, id);
  putAddress(request, NHA_GATEWAY, via);
  mnl_attr_put_u32(&request.header(), NHA_OIF, static_cast<std::uint32_t>(ifIndex));
  return request;
}

Request nextHopDel(std::uint32_t id) {
  Request request(RTM_DELNEXTHOP, kChange);
  putHeader<nhmsg>(request).nh_family = AF_UNSPEC;
  mnl_attr_put_u32(&request.header(), NHA_ID, id);
  return request;
}

Request groupReplace(core::Instance instance, std::uint32_t id,
                     const std::set<std::uint32_t>& members, const Spreading& spreading) {
  Request request(RTM_NEWNEXTHOP, kReplace);
  putNextHop(request, instance, AF_UNSPEC);
  nlmsghdr& header = request.header();
  mnl_attr_put_u32(&header, NHA_ID, id);
  std::vector<nexthop_grp> entries;
  entries.reserve(members.size());
  // A weight of 0 in the message means 1.
  for (const auto member : members) entries.push_back({.id = member, .weight = 0});
  mnl_attr_put(&header, NHA_GROUP, entries.size() * sizeof(nexthop_grp), entries.data());
  if (!spreading.resilient) return request;
  mnl_attr_put_u16(&header, NHA_GROUP_TYPE, NEXTHOP_GRP_TYPE_RES);
  nlattr* settings = mnl_attr_nest_start(&header, NHA_RES_GROUP);
  mnl_attr_put_u16(&header, NHA_RES_GROUP_BUCKETS, kBuckets);
  mnl_attr_put_u32(&header, NHA_RES_GROUP_IDLE_TIMER, spreading.idle * kClockTicks);
  mnl_attr_put_u32(&header, NHA_RES_GROUP_UNBALANCED_TIMER, spreading.unbalanced * kClockTicks);
  mnl_attr_nest_end(&header, settings);
  return request;
}

Request ruleAdd(core::Instance instance, Family family, core::Slot slot, bool udp) {
  return slotRule(instance, RTM_NEWRULE, kCreate, family, slot, udp);
}

Request ruleDel(core::Instance instance, Family family, core::Slot slot, bool udp) {
  return slotRule(instance, RTM_DELRULE, kChange, family, slot, udp);
}

Request routeGet(const Address& destination) { return routeLookup(destination, 0); }

Request routeMatch(const Address& destination) { return routeLookup(destination, RTM_F_FIB_MATCH); }

Request routeDump(core::Instance instance, Family family) {
  Request request(RTM_GETROUTE, kDump);
  putRoute(request, family).rtm_protocol = instance.routeProtocol();
  return request;
}

Request nextHopDump() {
  Request request(RTM_GETNEXTHOP, kDump);
  putHeader<nhmsg>(request).nh_family = AF_UNSPEC;
  return request;
}

Request nextHopDump(int ifIndex) {
  Request request = nextHopDump();
  mnl_attr_put_u32(&request.header(), NHA_OIF, static_cast<std::uint32_t>(ifIndex));
  return request;
}

Request ruleDump(Family family) {
  Request request(RTM_GETRULE, kDump);
  putHeader<fib_rule_hdr>(request).family = familyOf(family);
  return request;
}

}  // namespace bgplb::netlink
