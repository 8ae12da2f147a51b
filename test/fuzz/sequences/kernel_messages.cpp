// The rtnetlink messages of the simulated kernel.
#include "fuzz/sequences/kernel.hpp"

#include <fmt/format.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/ipv6.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>

#include <array>

namespace bgplb::fuzz {

namespace {

unsigned char familyOf(Family family) { return family == Family::V4 ? AF_INET : AF_INET6; }

template <typename Header>
Header& begin(netlink::Request& message) {
  return *static_cast<Header*>(mnl_nlmsg_put_extra_header(&message.header(), sizeof(Header)));
}

void put(netlink::Request& message, std::uint16_t type, const Address& address) {
  mnl_attr_put(&message.header(), type, address.size(), address.bytes());
}

void put(netlink::Request& message, std::uint16_t type, const MacAddress& mac) {
  mnl_attr_put(&message.header(), type, mac.bytes().size(), mac.bytes().data());
}

SimKernel::Message bytesOf(const netlink::Request& message) {
  const auto* start = reinterpret_cast<const char*>(&message.header());
  return {start, start + message.header().nlmsg_len};
}

void putPort(nlmsghdr& header, bool isolated) {
  mnl_attr_put_strz(&header, IFLA_INFO_SLAVE_KIND, "bridge");
  nlattr* port = mnl_attr_nest_start(&header, IFLA_INFO_SLAVE_DATA);
  mnl_attr_put_u8(&header, IFLA_BRPORT_ISOLATED, isolated ? 1 : 0);
  for (const std::uint16_t flag : {IFLA_BRPORT_LEARNING, IFLA_BRPORT_UNICAST_FLOOD,
                                   IFLA_BRPORT_MCAST_FLOOD, IFLA_BRPORT_BCAST_FLOOD}) {
    mnl_attr_put_u8(&header, flag, isolated ? 0 : 1);
  }
  mnl_attr_nest_end(&header, port);
}

}  // namespace

SimKernel::Message linkMessage(int index, const SimLink& link, bool present) {
  netlink::Request message(present ? RTM_NEWLINK : RTM_DELLINK, 0);
  auto& info = begin<ifinfomsg>(message);
  info.ifi_family = AF_UNSPEC;
  info.ifi_index = index;
  if (link.up) info.ifi_flags |= IFF_UP;
  if (link.running) info.ifi_flags |= IFF_RUNNING | IFF_LOWER_UP;
  nlmsghdr& header = message.header();
  mnl_attr_put_strz(&header, IFLA_IFNAME, link.name.c_str());
  mnl_attr_put_u32(&header, IFLA_MTU, link.mtu);
  put(message, IFLA_ADDRESS, link.mac);
  if (link.master != 0) {
    mnl_attr_put_u32(&header, IFLA_MASTER, static_cast<std::uint32_t>(link.master));
  }
  nlattr* kinds = mnl_attr_nest_start(&header, IFLA_LINKINFO);
  if (!link.kind.empty()) mnl_attr_put_strz(&header, IFLA_INFO_KIND, link.kind.c_str());
  if (link.master != 0) putPort(header, link.isolated);
  mnl_attr_nest_end(&header, kinds);
  std::array<std::uint32_t, DEVCONF_ACCEPT_RA + 1> settings{};
  settings[DEVCONF_ACCEPT_RA] = link.acceptRa;
  nlattr* families = mnl_attr_nest_start(&header, IFLA_AF_SPEC);
  nlattr* ipv6 = mnl_attr_nest_start(&header, AF_INET6);
  mnl_attr_put(&header, IFLA_INET6_CONF, sizeof(settings), settings.data());
  mnl_attr_nest_end(&header, ipv6);
  mnl_attr_nest_end(&header, families);
  return bytesOf(message);
}

SimKernel::Message addressMessage(const SimAddress& address, bool present) {
  netlink::Request message(present ? RTM_NEWADDR : RTM_DELADDR, 0);
  auto& info = begin<ifaddrmsg>(message);
  info.ifa_family = familyOf(address.address.family());
  info.ifa_prefixlen = static_cast<unsigned char>(address.subnet.length());
  info.ifa_index = static_cast<unsigned>(address.link);
  put(message, IFA_ADDRESS, address.address);
  if (address.address.isV4()) put(message, IFA_LOCAL, address.address);
  return bytesOf(message);
}

SimKernel::Message neighborMessage(int link, const Address& address, const MacAddress& mac,
                                   bool present) {
  netlink::Request message(present ? RTM_NEWNEIGH : RTM_DELNEIGH, 0);
  auto& info = begin<ndmsg>(message);
  info.ndm_family = familyOf(address.family());
  info.ndm_ifindex = link;
  info.ndm_state = NUD_PERMANENT;
  put(message, NDA_DST, address);
  put(message, NDA_LLADDR, mac);
  return bytesOf(message);
}

SimKernel::Message forwardingMessage(int port, int master, const MacAddress& mac, bool present) {
  netlink::Request message(present ? RTM_NEWNEIGH : RTM_DELNEIGH, 0);
  auto& info = begin<ndmsg>(message);
  info.ndm_family = AF_BRIDGE;
  info.ndm_ifindex = port;
  info.ndm_state = NUD_NOARP;
  put(message, NDA_LLADDR, mac);
  mnl_attr_put_u32(&message.header(), NDA_MASTER, static_cast<std::uint32_t>(master));
  return bytesOf(message);
}

SimKernel::Message nextHopMessage(std::uint32_t id, const SimNextHop& hop, bool present) {
  netlink::Request message(present ? RTM_NEWNEXTHOP : RTM_DELNEXTHOP, 0);
  auto& info = begin<nhmsg>(message);
  info.nh_protocol = hop.protocol;
  info.nh_family = hop.gateway ? familyOf(hop.gateway->family()) : AF_UNSPEC;
  nlmsghdr& header = message.header();
  mnl_attr_put_u32(&header, NHA_ID, id);
  if (hop.gateway) put(message, NHA_GATEWAY, *hop.gateway);
  if (hop.link != 0) mnl_attr_put_u32(&header, NHA_OIF, static_cast<std::uint32_t>(hop.link));
  if (hop.members.empty()) return bytesOf(message);
  std::vector<nexthop_grp> entries;
  for (const auto member : hop.members) entries.push_back({.id = member, .weight = 0});
  mnl_attr_put(&header, NHA_GROUP, entries.size() * sizeof(nexthop_grp), entries.data());
  return bytesOf(message);
}

SimKernel::Message routeMessage(const RouteKey& key, const SimRoute& route, bool present,
                                bool replaces) {
  netlink::Request message(present ? RTM_NEWROUTE : RTM_DELROUTE, replaces ? NLM_F_REPLACE : 0);
  auto& info = begin<rtmsg>(message);
  info.rtm_family = familyOf(key.destination.family());
  info.rtm_dst_len = static_cast<unsigned char>(key.destination.length());
  info.rtm_table = static_cast<unsigned char>(key.table < 256 ? key.table : RT_TABLE_UNSPEC);
  info.rtm_protocol = route.protocol;
  info.rtm_type = RTN_UNICAST;
  nlmsghdr& header = message.header();
  mnl_attr_put_u32(&header, RTA_TABLE, key.table);
  if (key.destination.length() > 0) put(message, RTA_DST, key.destination.address());
  if (key.metric != 0) mnl_attr_put_u32(&header, RTA_PRIORITY, key.metric);
  if (route.link != 0) mnl_attr_put_u32(&header, RTA_OIF, static_cast<std::uint32_t>(route.link));
  if (route.nextHop != 0) mnl_attr_put_u32(&header, RTA_NH_ID, route.nextHop);
  if (route.gateway) put(message, RTA_GATEWAY, *route.gateway);
  return bytesOf(message);
}

SimKernel::Message ruleMessage(const SimRule& rule, bool present) {
  netlink::Request message(present ? RTM_NEWRULE : RTM_DELRULE, 0);
  auto& info = begin<fib_rule_hdr>(message);
  info.family = familyOf(rule.family);
  info.action = FR_ACT_TO_TBL;
  nlmsghdr& header = message.header();
  mnl_attr_put_u32(&header, FRA_PRIORITY, rule.priority);
  mnl_attr_put_u32(&header, FRA_TABLE, rule.table);
  mnl_attr_put_u8(&header, FRA_PROTOCOL, rule.protocol);
  if (rule.ipProtocol != 0) mnl_attr_put_u8(&header, FRA_IP_PROTO, rule.ipProtocol);
  if (rule.mark == 0) return bytesOf(message);
  mnl_attr_put_u32(&header, FRA_FWMARK, rule.mark);
  mnl_attr_put_u32(&header, FRA_FWMASK, rule.mask);
  return bytesOf(message);
}

namespace {

const char* word(Maker maker) { return maker == Maker::Controller ? "ours" : "foreign"; }

std::string nameOf(const KernelState& state, int link) {
  const auto found = state.links.find(link);
  return found == state.links.end() ? fmt::format("link{}", link) : found->second.name;
}

}  // namespace

std::string toText(const KernelState& state) {
  std::string text;
  const auto dev = [&state](int link) { return nameOf(state, link); };
  for (const auto& [index, link] : state.links) {
    text += fmt::format("  {} link {} {} {} master {} mtu {} {}{}{} {} peer {} requests {}\n",
                        word(link.maker), index, link.name, link.kind, dev(link.master), link.mtu,
                        link.up ? "up" : "down", link.running ? " running" : "",
                        link.isolated ? " isolated" : "", link.mac.toString(), link.peer,
                        link.requests);
  }
  for (const auto& one : state.addresses) {
    text += fmt::format("  address {}/{} dev {}\n", one.address.toString(), one.subnet.length(),
                        dev(one.link));
  }
  for (const auto& [key, one] : state.neighbors) {
    text += fmt::format("  {} neigh {} lladdr {} dev {}\n", word(one.maker), key.second.toString(),
                        one.mac.toString(), dev(key.first));
  }
  for (const auto& [key, one] : state.forwarding) {
    text +=
        fmt::format("  {} fdb {} dev {}\n", word(one.maker), key.second.toString(), dev(key.first));
  }
  for (const auto& [id, hop] : state.nextHops) {
    text += fmt::format("  {} nexthop {:x} via {} dev {} group {:x} protocol {}\n", word(hop.maker),
                        id, hop.gateway ? hop.gateway->toString() : "-", dev(hop.link),
                        fmt::join(hop.members, "/"), hop.protocol);
  }
  for (const auto& [key, route] : state.routes) {
    text += fmt::format("  {} route {} table {} metric {} protocol {} dev {} nhid {:x} via {}\n",
                        word(route.maker), key.destination.toString(), key.table, key.metric,
                        route.protocol, dev(route.link), route.nextHop,
                        route.gateway ? route.gateway->toString() : "-");
  }
  for (const auto& rule : state.rules) {
    text += fmt::format("  {} rule {} of IPv{} mark {:x}/{:x} ipproto {} table {} protocol {}\n",
                        word(rule.maker), rule.priority, static_cast<int>(rule.family), rule.mark,
                        rule.mask, rule.ipProtocol, rule.table, rule.protocol);
  }
  return text;
}

}  // namespace bgplb::fuzz
