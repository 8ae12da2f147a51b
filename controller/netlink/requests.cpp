#include "netlink/requests.hpp"

#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/neighbour.h>
#include <linux/netconf.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

namespace bgplb::netlink {

namespace {

constexpr unsigned kChange = NLM_F_REQUEST | NLM_F_ACK;
constexpr unsigned kCreate = kChange | NLM_F_CREATE | NLM_F_EXCL;
constexpr unsigned kDump = NLM_F_REQUEST | NLM_F_DUMP;

unsigned char familyOf(const Address& address) { return address.isV4() ? AF_INET : AF_INET6; }

ifinfomsg& putLink(Request& request, int index) {
  auto* link =
      static_cast<ifinfomsg*>(mnl_nlmsg_put_extra_header(&request.header(), sizeof(ifinfomsg)));
  link->ifi_family = AF_UNSPEC;
  link->ifi_index = index;
  return *link;
}

Request linkSet(int index) {
  Request request(RTM_SETLINK, kChange);
  putLink(request, index);
  return request;
}

void putAddress(Request& request, std::uint16_t type, const Address& address) {
  mnl_attr_put(&request.header(), type, address.size(), address.bytes());
}

void putMac(Request& request, std::uint16_t type, const MacAddress& mac) {
  mnl_attr_put(&request.header(), type, mac.bytes().size(), mac.bytes().data());
}

Request neighbor(std::uint16_t type, unsigned flags, const Address& address, int ifIndex) {
  Request request(type, flags);
  auto* header = static_cast<ndmsg*>(mnl_nlmsg_put_extra_header(&request.header(), sizeof(ndmsg)));
  header->ndm_family = familyOf(address);
  header->ndm_ifindex = ifIndex;
  header->ndm_state = NUD_PERMANENT;
  putAddress(request, NDA_DST, address);
  return request;
}

Request forwardingEntry(std::uint16_t type, unsigned flags, const MacAddress& mac, int port) {
  Request request(type, flags);
  auto* header = static_cast<ndmsg*>(mnl_nlmsg_put_extra_header(&request.header(), sizeof(ndmsg)));
  header->ndm_family = AF_BRIDGE;
  header->ndm_ifindex = port;
  header->ndm_state = NUD_NOARP;  // static
  header->ndm_flags = NTF_MASTER;
  putMac(request, NDA_LLADDR, mac);
  return request;
}

void putBridgeSettings(Request& request, bool withForwardDelay) {
  nlmsghdr& header = request.header();
  nlattr* info = mnl_attr_nest_start(&header, IFLA_LINKINFO);
  mnl_attr_put_strz(&header, IFLA_INFO_KIND, "bridge");
  nlattr* data = mnl_attr_nest_start(&header, IFLA_INFO_DATA);
  mnl_attr_put_u32(&header, IFLA_BR_STP_STATE, 0);
  // The kernel refuses a forward delay of 0 while STP is enabled; without STP the delay has no
  // effect.
  if (withForwardDelay) mnl_attr_put_u32(&header, IFLA_BR_FORWARD_DELAY, 0);
  mnl_attr_put_u8(&header, IFLA_BR_MCAST_SNOOPING, 0);
  mnl_attr_nest_end(&header, data);
  mnl_attr_nest_end(&header, info);
}

}  // namespace

Request::Request(std::uint16_t type, unsigned flags) {
  mnl_nlmsg_put_header(buffer_.data());
  header().nlmsg_type = type;
  header().nlmsg_flags = static_cast<std::uint16_t>(flags);
}

Request bridgeAdd(const std::string& name, const MacAddress& address) {
  Request request(RTM_NEWLINK, kCreate);
  putLink(request, 0);
  mnl_attr_put_strz(&request.header(), IFLA_IFNAME, name.c_str());
  putMac(request, IFLA_ADDRESS, address);
  putBridgeSettings(request, true);
  return request;
}

Request bridgeChange(int index) {
  Request request(RTM_NEWLINK, kChange);
  putLink(request, index);
  putBridgeSettings(request, false);
  return request;
}

Request vethAdd(const std::string& host, const std::string& container, unsigned mtu) {
  Request request(RTM_NEWLINK, kCreate);
  putLink(request, 0);
  nlmsghdr& header = request.header();
  mnl_attr_put_strz(&header, IFLA_IFNAME, host.c_str());
  mnl_attr_put_u32(&header, IFLA_MTU, mtu);
  nlattr* info = mnl_attr_nest_start(&header, IFLA_LINKINFO);
  mnl_attr_put_strz(&header, IFLA_INFO_KIND, "veth");
  nlattr* data = mnl_attr_nest_start(&header, IFLA_INFO_DATA);
  nlattr* peer = mnl_attr_nest_start(&header, VETH_INFO_PEER);
  putLink(request, 0);
  mnl_attr_put_strz(&header, IFLA_IFNAME, container.c_str());
  mnl_attr_put_u32(&header, IFLA_MTU, mtu);
  mnl_attr_nest_end(&header, peer);
  mnl_attr_nest_end(&header, data);
  mnl_attr_nest_end(&header, info);
  return request;
}

Request linkSetAddress(int index, const MacAddress& address) {
  Request request = linkSet(index);
  putMac(request, IFLA_ADDRESS, address);
  return request;
}

Request linkSetNoAddressGeneration(int index) {
  Request request = linkSet(index);
  nlmsghdr& header = request.header();
  nlattr* families = mnl_attr_nest_start(&header, IFLA_AF_SPEC);
  nlattr* ipv6 = mnl_attr_nest_start(&header, AF_INET6);
  mnl_attr_put_u8(&header, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
  mnl_attr_nest_end(&header, ipv6);
  mnl_attr_nest_end(&header, families);
  return request;
}

Request linkSetMtu(int index, unsigned mtu) {
  Request request = linkSet(index);
  mnl_attr_put_u32(&request.header(), IFLA_MTU, mtu);
  return request;
}

Request linkSetMaster(int index, int master) {
  Request request = linkSet(index);
  mnl_attr_put_u32(&request.header(), IFLA_MASTER, static_cast<std::uint32_t>(master));
  return request;
}

Request portIsolate(int index) {
  Request request(RTM_NEWLINK, kChange);
  putLink(request, index);
  nlmsghdr& header = request.header();
  nlattr* info = mnl_attr_nest_start(&header, IFLA_LINKINFO);
  mnl_attr_put_strz(&header, IFLA_INFO_SLAVE_KIND, "bridge");
  nlattr* data = mnl_attr_nest_start(&header, IFLA_INFO_SLAVE_DATA);
  mnl_attr_put_u8(&header, IFLA_BRPORT_ISOLATED, 1);
  for (const std::uint16_t off : {IFLA_BRPORT_LEARNING, IFLA_BRPORT_UNICAST_FLOOD,
                                  IFLA_BRPORT_MCAST_FLOOD, IFLA_BRPORT_BCAST_FLOOD}) {
    mnl_attr_put_u8(&header, off, 0);
  }
  mnl_attr_nest_end(&header, data);
  mnl_attr_nest_end(&header, info);
  return request;
}

Request forwardingReplace(const MacAddress& mac, int port) {
  return forwardingEntry(RTM_NEWNEIGH, kChange | NLM_F_CREATE | NLM_F_REPLACE, mac, port);
}

Request forwardingDel(const MacAddress& mac, int port) {
  return forwardingEntry(RTM_DELNEIGH, kChange, mac, port);
}

Request linkSetUp(int index) {
  Request request(RTM_SETLINK, kChange);
  auto& link = putLink(request, index);
  link.ifi_flags = IFF_UP;
  link.ifi_change = IFF_UP;
  return request;
}

Request linkSetReversePathFilter(int index, unsigned mode) {
  Request request = linkSet(index);
  nlmsghdr& header = request.header();
  nlattr* families = mnl_attr_nest_start(&header, IFLA_AF_SPEC);
  nlattr* ipv4 = mnl_attr_nest_start(&header, AF_INET);
  nlattr* settings = mnl_attr_nest_start(&header, IFLA_INET_CONF);
  mnl_attr_put_u32(&header, IPV4_DEVCONF_RP_FILTER, mode);
  mnl_attr_nest_end(&header, settings);
  mnl_attr_nest_end(&header, ipv4);
  mnl_attr_nest_end(&header, families);
  return request;
}

Request settingsGet(int index) {
  Request request(RTM_GETNETCONF, NLM_F_REQUEST);
  auto* header =
      static_cast<netconfmsg*>(mnl_nlmsg_put_extra_header(&request.header(), sizeof(netconfmsg)));
  header->ncm_family = AF_INET;
  mnl_attr_put_u32(&request.header(), NETCONFA_IFINDEX, static_cast<std::uint32_t>(index));
  return request;
}

Request linkGet(int index) {
  Request request(RTM_GETLINK, NLM_F_REQUEST);
  putLink(request, index);
  return request;
}

Request linkGet(int index, int netns) {
  Request request = linkGet(index);
  mnl_attr_put_u32(&request.header(), IFLA_TARGET_NETNSID, static_cast<std::uint32_t>(netns));
  return request;
}

Request linkDel(int index) {
  Request request(RTM_DELLINK, kChange);
  putLink(request, index);
  return request;
}

Request neighReplace(const Address& address, const MacAddress& mac, int ifIndex) {
  Request request =
      neighbor(RTM_NEWNEIGH, kChange | NLM_F_CREATE | NLM_F_REPLACE, address, ifIndex);
  putMac(request, NDA_LLADDR, mac);
  return request;
}

Request neighDel(const Address& address, int ifIndex) {
  return neighbor(RTM_DELNEIGH, kChange, address, ifIndex);
}

Request linkDump() {
  Request request(RTM_GETLINK, kDump);
  putLink(request, 0);
  mnl_attr_put_u32(&request.header(), IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  return request;
}

Request neighDump() {
  Request request(RTM_GETNEIGH, kDump);
  mnl_nlmsg_put_extra_header(&request.header(), sizeof(ndmsg));
  return request;
}

Request forwardingDump() {
  Request request(RTM_GETNEIGH, kDump);
  auto* header = static_cast<ndmsg*>(mnl_nlmsg_put_extra_header(&request.header(), sizeof(ndmsg)));
  header->ndm_family = AF_BRIDGE;
  return request;
}

Request addressDump() {
  Request request(RTM_GETADDR, kDump);
  mnl_nlmsg_put_extra_header(&request.header(), sizeof(ifaddrmsg));
  return request;
}

}  // namespace bgplb::netlink
