#include "netlink/codec.hpp"

#include "netlink/attributes.hpp"
#include "netlink/link_codec.hpp"

#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/fib_rules.h>
#include <linux/neighbour.h>
#include <linux/netconf.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace bgplb::netlink {

namespace {

constexpr int kLargestErrno = 4095;  // MAX_ERRNO, linux/err.h

bool isInternet(int family) { return family == AF_INET || family == AF_INET6; }

std::optional<Route> parseAnyRoute(const nlmsghdr& message) {
  const auto* header = familyHeader<rtmsg>(message);
  if (header == nullptr || !isInternet(header->rtm_family)) return std::nullopt;
  const int family = header->rtm_family;
  if (header->rtm_dst_len > (family == AF_INET ? 32 : 128)) return std::nullopt;
  const Attributes<RTA_NH_ID> attributes(message, sizeof(rtmsg));
  const std::array<std::uint8_t, 16> zero{};
  const auto unspecified =
      Address::fromBytes(family == AF_INET ? Family::V4 : Family::V6, zero.data());
  Route route{.destination = Prefix::of(attributes.address(RTA_DST, family).value_or(unspecified),
                                        header->rtm_dst_len),
              .table = attributes.u32(RTA_TABLE).value_or(header->rtm_table),
              .protocol = header->rtm_protocol,
              .metric = attributes.u32(RTA_PRIORITY).value_or(0),
              .ifIndex = static_cast<int>(attributes.u32(RTA_OIF).value_or(0)),
              .nextHop = attributes.u32(RTA_NH_ID).value_or(0),
              .gateway = attributes.address(RTA_GATEWAY, family),
              .source = attributes.address(RTA_PREFSRC, family)};
  const nlattr* via = attributes.find(RTA_VIA);  // an IPv4 route with an IPv6 next hop
  if (via != nullptr && mnl_attr_get_payload_len(via) >= sizeof(rtvia) + 16) {
    const auto* next = static_cast<const rtvia*>(mnl_attr_get_payload(via));
    if (next->rtvia_family == AF_INET6)
      route.gateway = Address::fromBytes(Family::V6, next->rtvia_addr);
  }
  return route;
}

std::optional<Route> parseRoute(const nlmsghdr& message) {
  const auto* header = familyHeader<rtmsg>(message);
  if (header == nullptr || header->rtm_type != RTN_UNICAST || header->rtm_table == RT_TABLE_LOCAL ||
      (header->rtm_flags & RTM_F_CLONED) != 0 || header->rtm_tos != 0 || header->rtm_src_len != 0) {
    return std::nullopt;
  }
  return parseAnyRoute(message);
}

// Entries of a VLAN are ignored: the kernel adds them beside the entry that counts without VLAN
// filtering.
std::optional<ForwardingEntry> parseForwardingEntry(const nlmsghdr& message) {
  const auto* header = familyHeader<ndmsg>(message);
  const Attributes<NDA_MASTER> attributes(message, sizeof(ndmsg));
  const auto mac = attributes.mac(NDA_LLADDR);
  if (header == nullptr || !mac || attributes.find(NDA_MASTER) == nullptr ||
      attributes.find(NDA_VLAN) != nullptr) {
    return std::nullopt;
  }
  return ForwardingEntry{.ifIndex = header->ndm_ifindex,
                         .mac = *mac,
                         .isStatic = (header->ndm_state & NUD_NOARP) != 0};
}

std::optional<Neighbor> parseNeighbor(const nlmsghdr& message) {
  const auto* header = familyHeader<ndmsg>(message);
  if (header == nullptr || !isInternet(header->ndm_family) ||
      (header->ndm_flags & NTF_PROXY) != 0) {
    return std::nullopt;
  }
  const Attributes<NDA_LLADDR> attributes(message, sizeof(ndmsg));
  const auto address = attributes.address(NDA_DST, header->ndm_family);
  if (!address) return std::nullopt;
  const auto mac = attributes.mac(NDA_LLADDR);
  return Neighbor{.ifIndex = header->ndm_ifindex,
                  .address = *address,
                  .mac = mac.value_or(MacAddress{}),
                  .permanent = mac.has_value() && (header->ndm_state & NUD_PERMANENT) != 0};
}

std::optional<reconcile::HostAddress> parseAddress(const nlmsghdr& message) {
  const auto* header = familyHeader<ifaddrmsg>(message);
  if (header == nullptr || !isInternet(header->ifa_family)) return std::nullopt;
  const Attributes<IFA_FLAGS> attributes(message, sizeof(ifaddrmsg));
  // On a point-to-point link, IFA_ADDRESS is the peer's address.
  auto address = attributes.address(IFA_LOCAL, header->ifa_family);
  if (!address) address = attributes.address(IFA_ADDRESS, header->ifa_family);
  if (!address || header->ifa_prefixlen > (address->isV4() ? 32 : 128)) return std::nullopt;
  std::uint32_t unusable = IFA_F_TENTATIVE | IFA_F_DADFAILED | IFA_F_DEPRECATED;
  // The same bit means IFA_F_SECONDARY for IPv4, where the address is usable, and IFA_F_TEMPORARY
  // for IPv6.
  if (address->isV6()) unusable |= IFA_F_TEMPORARY;
  std::uint32_t flags = attributes.u32(IFA_FLAGS).value_or(header->ifa_flags);
  // An optimistic address is tentative, but may already be used (RFC 4429).
  if ((flags & IFA_F_OPTIMISTIC) != 0) flags &= ~std::uint32_t{IFA_F_TENTATIVE};
  return reconcile::HostAddress{
      .subnet = Prefix::of(*address, header->ifa_prefixlen),
      .address = *address,
      .ifIndex = static_cast<int>(header->ifa_index),
      .usable = (flags & unusable) == 0 && header->ifa_scope == RT_SCOPE_UNIVERSE};
}

std::optional<NextHop> parseNextHop(const nlmsghdr& message) {
  const auto* header = familyHeader<nhmsg>(message);
  if (header == nullptr) return std::nullopt;
  const Attributes<NHA_GATEWAY> attributes(message, sizeof(nhmsg));
  const auto id = attributes.u32(NHA_ID);
  if (!id || *id == 0) return std::nullopt;
  NextHop hop{.id = *id,
              .protocol = header->nh_protocol,
              .ifIndex = static_cast<int>(attributes.u32(NHA_OIF).value_or(0)),
              .gateway = {},
              .members = {}};
  if (isInternet(header->nh_family))
    hop.gateway = attributes.address(NHA_GATEWAY, header->nh_family);
  if (const nlattr* group = attributes.find(NHA_GROUP)) {
    const auto* entry = static_cast<const char*>(mnl_attr_get_payload(group));
    for (std::size_t left = mnl_attr_get_payload_len(group); left >= sizeof(nexthop_grp);
         left -= sizeof(nexthop_grp), entry += sizeof(nexthop_grp)) {
      nexthop_grp member{};
      std::memcpy(&member, entry, sizeof(member));
      hop.members.insert(member.id);
    }
  }
  return hop;
}

std::optional<SlotRule> parseRule(const nlmsghdr& message, core::Instance instance) {
  const auto* header = familyHeader<fib_rule_hdr>(message);
  if (header == nullptr || !isInternet(header->family)) return std::nullopt;
  const Attributes<FRA_IP_PROTO> attributes(message, sizeof(fib_rule_hdr));
  const nlattr* protocol = attributes.find(FRA_PROTOCOL);
  if (protocol == nullptr || mnl_attr_get_payload_len(protocol) < 1 ||
      mnl_attr_get_u8(protocol) != instance.routeProtocol()) {
    return std::nullopt;
  }
  const auto table = attributes.u32(FRA_TABLE).value_or(header->table);
  const nlattr* only = attributes.find(FRA_IP_PROTO);
  const bool udp = only != nullptr;
  if (udp && (mnl_attr_get_payload_len(only) < 1 || mnl_attr_get_u8(only) != IPPROTO_UDP)) {
    return std::nullopt;
  }
  // For a smaller table, the difference becomes more than kSlots.
  const core::Slot slot = table - (udp ? instance.udpTable() : instance.slotTable());
  if (slot == 0 || slot > core::kSlots ||
      attributes.u32(FRA_FWMARK) != slot << core::kSlotMarkShift ||
      attributes.u32(FRA_FWMASK) != core::kSlotMarkMask) {
    return std::nullopt;
  }
  return SlotRule{header->family == AF_INET ? Family::V4 : Family::V6, slot, udp};
}

template <typename T>
std::optional<Notification> notification(Change change, std::optional<T>&& object) {
  if (!object) return std::nullopt;
  return Notification{change, std::move(*object)};
}

// A bridge's forwarding entries use the messages of neighbours, with a family of their own.
std::optional<Notification> parseNeighborMessage(Change change, const nlmsghdr& message) {
  const auto* header = familyHeader<ndmsg>(message);
  if (header != nullptr && header->ndm_family == AF_BRIDGE) {
    return notification(change, parseForwardingEntry(message));
  }
  return notification(change, parseNeighbor(message));
}

}  // namespace

bool isWhole(const nlmsghdr* message, int left) {
  // mnl_nlmsg_ok() treats a length of 2^31 or more as negative and accepts it.
  return mnl_nlmsg_ok(message, left) && message->nlmsg_len <= static_cast<std::uint32_t>(left);
}

std::optional<Notification> parse(const nlmsghdr& message, core::Instance instance) {
  switch (message.nlmsg_type) {
    case RTM_NEWLINK: return notification(Change::Present, parseLink(message));
    case RTM_DELLINK: return notification(Change::Removed, parseLink(message));
    case RTM_NEWROUTE: {
      const bool replaced = (message.nlmsg_flags & NLM_F_REPLACE) != 0;
      return notification(replaced ? Change::Replaced : Change::Present, parseRoute(message));
    }
    case RTM_DELROUTE: return notification(Change::Removed, parseRoute(message));
    case RTM_NEWNEIGH: return parseNeighborMessage(Change::Present, message);
    case RTM_DELNEIGH: return parseNeighborMessage(Change::Removed, message);
    case RTM_NEWADDR: return notification(Change::Present, parseAddress(message));
    case RTM_DELADDR: return notification(Change::Removed, parseAddress(message));
    case RTM_NEWNEXTHOP: return notification(Change::Present, parseNextHop(message));
    case RTM_DELNEXTHOP: return notification(Change::Removed, parseNextHop(message));
    case RTM_NEWRULE: return notification(Change::Present, parseRule(message, instance));
    case RTM_DELRULE: return notification(Change::Removed, parseRule(message, instance));
    default: return std::nullopt;
  }
}

std::optional<Route> parseRouteReply(const nlmsghdr& message) {
  if (message.nlmsg_type != RTM_NEWROUTE) return std::nullopt;
  return parseAnyRoute(message);
}

std::optional<unsigned> parseReversePathFilter(const nlmsghdr& message) {
  if (message.nlmsg_type != RTM_NEWNETCONF) return std::nullopt;
  return Attributes<NETCONFA_RP_FILTER>(message, sizeof(netconfmsg)).u32(NETCONFA_RP_FILTER);
}

Reply parseReply(const nlmsghdr& message) {
  // NLMSG_ERROR and NLMSG_DONE both begin with a negative errno.
  if (mnl_nlmsg_get_payload_len(&message) < sizeof(int)) return {};
  int code = 0;
  std::memcpy(&code, mnl_nlmsg_get_payload(&message), sizeof(code));
  Reply reply{.error = code < 0 ? -std::max(code, -kLargestErrno) : 0, .text = {}};
  if ((message.nlmsg_flags & NLM_F_ACK_TLVS) == 0) return reply;
  std::size_t fixed = sizeof(int);
  if (message.nlmsg_type == NLMSG_ERROR) {
    fixed = sizeof(nlmsgerr);
    if (message.nlmsg_len < MNL_NLMSG_HDRLEN + fixed) return reply;
    const auto* error = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(&message));
    // Without NLM_F_CAPPED, the payload of the request is echoed before the attributes.
    if ((message.nlmsg_flags & NLM_F_CAPPED) == 0)
      fixed += MNL_ALIGN(error->msg.nlmsg_len - sizeof(nlmsghdr));
  }
  if (message.nlmsg_len < MNL_NLMSG_HDRLEN + fixed) return reply;
  const Attributes<NLMSGERR_ATTR_MSG> attributes(message, fixed);
  reply.text = attributes.text(NLMSGERR_ATTR_MSG);
  return reply;
}

Error errorOf(const Reply& reply) {
  std::string message = std::strerror(reply.error);
  if (!reply.text.empty()) message += " (" + reply.text + ")";
  switch (reply.error) {
    case EEXIST: return conflict(std::move(message));
    case ENOENT:
    case ENODEV:
    case ENXIO:
    case ESRCH:
    case ENETUNREACH:
    case EHOSTUNREACH: return notFound(std::move(message));
    case EBUSY:
    case EINTR:
    case EAGAIN:
    case ENOBUFS:
    case ENOMEM:
    case ETIMEDOUT:
    case ENETDOWN: return transient(std::move(message));
    case EAFNOSUPPORT:
    case EOPNOTSUPP: return unsupported(std::move(message));
    default: return invalid(std::move(message));
  }
}

unsigned routeMetric(Family family) { return family == Family::V4 ? 0 : 1; }

bool isRouteMetric(Family family, unsigned metric) {
  constexpr unsigned kKernelDefault6 = 1024;  // IP6_RT_PRIO_USER, linux/ipv6_route.h
  return metric == routeMetric(family) || (family == Family::V6 && metric == kKernelDefault6);
}

}  // namespace bgplb::netlink
