#include "netlink/link_codec.hpp"

#include "netlink/attributes.hpp"

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/rtnetlink.h>

namespace bgplb::netlink {

namespace {

constexpr unsigned kHasCarrier = unsigned{IFF_RUNNING} | unsigned{IFF_LOWER_UP};

bool isIsolated(const nlattr& slaveData) {
  const Attributes<IFLA_BRPORT_ISOLATED> port(slaveData);
  const auto is = [&port](std::size_t type, std::uint8_t value) {
    const nlattr* attribute = port.find(type);
    return attribute != nullptr && mnl_attr_get_payload_len(attribute) >= 1 &&
           mnl_attr_get_u8(attribute) == value;
  };
  return is(IFLA_BRPORT_ISOLATED, 1) && is(IFLA_BRPORT_LEARNING, 0) &&
         is(IFLA_BRPORT_UNICAST_FLOOD, 0) && is(IFLA_BRPORT_MCAST_FLOOD, 0) &&
         is(IFLA_BRPORT_BCAST_FLOOD, 0);
}

// IFLA_INET6_CONF is an array of 32-bit values (linux/ipv6.h, DEVCONF_*). A kernel without IPv6
// sends none.
std::uint32_t acceptRa(const nlattr& families) {
  const Attributes<AF_INET6> byFamily(families);
  const nlattr* ipv6 = byFamily.find(AF_INET6);
  if (ipv6 == nullptr) return 0;
  const Attributes<IFLA_INET6_CONF> attributes(*ipv6);
  const nlattr* settings = attributes.find(IFLA_INET6_CONF);
  constexpr std::size_t kOffset = DEVCONF_ACCEPT_RA * sizeof(std::uint32_t);
  std::uint32_t value = 0;
  if (settings == nullptr || mnl_attr_get_payload_len(settings) < kOffset + sizeof(value)) return 0;
  std::memcpy(&value, static_cast<const char*>(mnl_attr_get_payload(settings)) + kOffset,
              sizeof(value));
  return value;
}

// IFLA_INET_CONF: as IFLA_INET6_CONF, but the ids of the values begin at 1 (linux/ip.h,
// IPV4_DEVCONF_*).
std::optional<unsigned> reversePathFilter(const nlattr& families) {
  const Attributes<AF_INET> byFamily(families);
  const nlattr* ipv4 = byFamily.find(AF_INET);
  if (ipv4 == nullptr) return std::nullopt;
  const Attributes<IFLA_INET_CONF> attributes(*ipv4);
  const nlattr* settings = attributes.find(IFLA_INET_CONF);
  constexpr std::size_t kOffset = (IPV4_DEVCONF_RP_FILTER - 1) * sizeof(std::uint32_t);
  std::uint32_t value = 0;
  if (settings == nullptr || mnl_attr_get_payload_len(settings) < kOffset + sizeof(value)) {
    return std::nullopt;
  }
  std::memcpy(&value, static_cast<const char*>(mnl_attr_get_payload(settings)) + kOffset,
              sizeof(value));
  return value;
}

}  // namespace

std::optional<VethPeer> parseVethPeer(const nlmsghdr& message) {
  if (message.nlmsg_type != RTM_NEWLINK) return std::nullopt;
  const auto* header = familyHeader<ifinfomsg>(message);
  if (header == nullptr || header->ifi_family != AF_UNSPEC) return std::nullopt;
  const Attributes<IFLA_LINK_NETNSID> attributes(message, sizeof(ifinfomsg));
  const auto index = attributes.u32(IFLA_LINK);
  const auto netns = attributes.u32(IFLA_LINK_NETNSID);
  if (!index || !netns || static_cast<int>(*netns) < 0) return std::nullopt;
  return VethPeer{static_cast<int>(*index), static_cast<int>(*netns)};
}

std::optional<unsigned> parseLinkReversePathFilter(const nlmsghdr& message) {
  if (message.nlmsg_type != RTM_NEWLINK) return std::nullopt;
  const auto* header = familyHeader<ifinfomsg>(message);
  if (header == nullptr || header->ifi_family != AF_UNSPEC) return std::nullopt;
  const Attributes<IFLA_AF_SPEC> attributes(message, sizeof(ifinfomsg));
  const nlattr* families = attributes.find(IFLA_AF_SPEC);
  return families == nullptr ? std::nullopt : reversePathFilter(*families);
}

std::optional<Link> parseLink(const nlmsghdr& message) {
  const auto* header = familyHeader<ifinfomsg>(message);
  // The bridge driver sends AF_BRIDGE messages to this group. There, RTM_DELLINK means that a port
  // left its bridge, not that the link was removed; an AF_UNSPEC message about the port follows.
  if (header == nullptr || header->ifi_family != AF_UNSPEC) return std::nullopt;
  const Attributes<IFLA_AF_SPEC> attributes(message, sizeof(ifinfomsg));
  // Wireless drivers report events as link messages that carry none of the other attributes.
  if (attributes.find(IFLA_WIRELESS) != nullptr || attributes.find(IFLA_IFNAME) == nullptr) {
    return std::nullopt;
  }
  Link link{.index = header->ifi_index,
            .name = attributes.text(IFLA_IFNAME),
            .kind = {},
            .master = static_cast<int>(attributes.u32(IFLA_MASTER).value_or(0)),
            .mtu = attributes.u32(IFLA_MTU).value_or(0),
            .up = (header->ifi_flags & IFF_UP) != 0,
            .running = (header->ifi_flags & kHasCarrier) != 0,
            .carrier = (header->ifi_flags & IFF_LOWER_UP) != 0,
            .address = attributes.mac(IFLA_ADDRESS)};
  if (const nlattr* info = attributes.find(IFLA_LINKINFO)) {
    const Attributes<IFLA_INFO_SLAVE_DATA> kinds(*info);
    link.kind = kinds.text(IFLA_INFO_KIND);
    const nlattr* slave = kinds.find(IFLA_INFO_SLAVE_DATA);
    link.isolated =
        slave != nullptr && kinds.text(IFLA_INFO_SLAVE_KIND) == "bridge" && isIsolated(*slave);
  }
  if (const nlattr* families = attributes.find(IFLA_AF_SPEC)) link.acceptRa = acceptRa(*families);
  return link;
}

}  // namespace bgplb::netlink
