// The controller's requests to the simulated kernel.
#include "fuzz/sequences/kernel.hpp"

#include "fuzz/sequences/request_fields.hpp"
#include "netlink/attributes.hpp"

#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

#include <cerrno>

namespace bgplb::fuzz {

namespace {

using netlink::Attributes;

bool has(const nlmsghdr& request, unsigned flag) { return (request.nlmsg_flags & flag) != 0; }

// VETH_INFO_PEER: a link's header and attributes.
std::string peerName(const nlattr& peer) {
  const auto* start = static_cast<const char*>(mnl_attr_get_payload(&peer));
  const auto* end = start + mnl_attr_get_payload_len(&peer);
  const auto* attribute = reinterpret_cast<const nlattr*>(start + sizeof(ifinfomsg));
  while (mnl_attr_ok(attribute, static_cast<int>(end - reinterpret_cast<const char*>(attribute)))) {
    if (mnl_attr_get_type(attribute) == IFLA_IFNAME) return mnl_attr_get_str(attribute);
    attribute = mnl_attr_next(attribute);
  }
  return {};
}

struct RouteRequest {
  RouteKey key;
  SimRoute route;
  Family family = Family::V4;
};

RouteRequest routeOf(const nlmsghdr& request) {
  const auto& header = headerOf<rtmsg>(request);
  const Attributes<RTA_NH_ID> attributes(request, sizeof(rtmsg));
  const Family family = familyOf(header.rtm_family);
  const auto destination = attributes.address(RTA_DST, header.rtm_family);
  return {.key = {.table = attributes.u32(RTA_TABLE).value_or(header.rtm_table),
                  .destination = Prefix::of(destination.value_or(Address{}), header.rtm_dst_len),
                  .metric = attributes.u32(RTA_PRIORITY).value_or(0)},
          .route = {.protocol = header.rtm_protocol,
                    .maker = Maker::Controller,
                    .link = static_cast<int>(attributes.u32(RTA_OIF).value_or(0)),
                    .nextHop = attributes.u32(RTA_NH_ID).value_or(0),
                    .gateway = attributes.address(RTA_GATEWAY, header.rtm_family)},
          .family = family};
}

SimRule ruleOf(const nlmsghdr& request) {
  const auto& header = headerOf<fib_rule_hdr>(request);
  const Attributes<FRA_IP_PROTO> attributes(request, sizeof(fib_rule_hdr));
  const auto u8 = [&attributes](std::size_t type) {
    const nlattr* found = attributes.find(type);
    return found == nullptr ? std::uint8_t{0} : mnl_attr_get_u8(found);
  };
  return {.family = familyOf(header.family),
          .priority = attributes.u32(FRA_PRIORITY).value_or(0),
          .table = attributes.u32(FRA_TABLE).value_or(header.table),
          .mark = attributes.u32(FRA_FWMARK).value_or(0),
          .mask = attributes.u32(FRA_FWMASK).value_or(0),
          .protocol = u8(FRA_PROTOCOL),
          .ipProtocol = u8(FRA_IP_PROTO),
          .maker = Maker::Controller};
}

}  // namespace

int SimKernel::handle(const nlmsghdr& request) {
  ++requests;
  if (failIn > 0 && --failIn == 0) return failure;
  const KernelState before = state_;
  const int outcome = dispatch(request);
  if (outcome != 0) return outcome;
  if (before != state_) ++changes;
  if (onRequest) onRequest(before, request);
  return 0;
}

void SimKernel::refuseRouterAdvertisements(const std::string& link) {
  const int index = state_.find(link);
  if (index == 0) return;
  const KernelState before = state_;
  state_.links.at(index).acceptRa = 0;
  if (before != state_) ++changes;
  if (onRequest) onRequest(before, netlink::linkSetUp(index).header());
}

int SimKernel::dispatch(const nlmsghdr& request) {
  switch (request.nlmsg_type) {
    case RTM_NEWLINK: return newLink(request);
    case RTM_SETLINK: return setLink(request);
    case RTM_DELLINK: {
      const int index = headerOf<ifinfomsg>(request).ifi_index;
      if (!state_.links.contains(index)) return ENODEV;
      removeLink(index);
      return 0;
    }
    case RTM_NEWNEIGH: return newNeighbor(request);
    case RTM_DELNEIGH: return delNeighbor(request);
    case RTM_NEWNEXTHOP: return newNextHop(request);
    case RTM_DELNEXTHOP: {
      const auto id = Attributes<NHA_ID>(request, sizeof(nhmsg)).u32(NHA_ID).value_or(0);
      if (!state_.nextHops.contains(id)) return ENOENT;
      removeNextHop(id);
      return 0;
    }
    case RTM_NEWROUTE: return newRoute(request);
    case RTM_DELROUTE: return delRoute(request);
    case RTM_NEWRULE: return newRule(request);
    case RTM_DELRULE: return delRule(request);
    default: return EOPNOTSUPP;
  }
}

int SimKernel::newLink(const nlmsghdr& request) {
  const int index = headerOf<ifinfomsg>(request).ifi_index;
  if (index == 0) return createLink(request);
  if (!state_.links.contains(index)) return ENODEV;
  const Attributes<IFLA_LINKINFO> attributes(request, sizeof(ifinfomsg));
  const nlattr* info = attributes.find(IFLA_LINKINFO);
  const bool port = info != nullptr &&
                    Attributes<IFLA_INFO_SLAVE_DATA>(*info).find(IFLA_INFO_SLAVE_DATA) != nullptr;
  if (port && state_.links.at(index).master == 0) return EINVAL;
  changeLink(index, [port](SimLink& link) {
    ++link.requests;
    link.isolated = link.isolated || port;
  });
  return 0;
}

int SimKernel::createLink(const nlmsghdr& request) {
  const Attributes<IFLA_LINKINFO> attributes(request, sizeof(ifinfomsg));
  const std::string name = attributes.text(IFLA_IFNAME);
  const nlattr* info = attributes.find(IFLA_LINKINFO);
  if (name.empty() || name.size() >= IFNAMSIZ || info == nullptr) return EINVAL;
  const Attributes<IFLA_INFO_DATA> kinds(*info);
  const std::string kind = kinds.text(IFLA_INFO_KIND);
  if (state_.find(name) != 0) return EEXIST;
  const unsigned mtu = attributes.u32(IFLA_MTU).value_or(1500);
  const auto mac = attributes.mac(IFLA_ADDRESS).value_or(MacAddress{});
  SimLink link{.name = name, .kind = kind, .maker = Maker::Controller, .mtu = mtu, .mac = mac};
  if (kind != "veth") {
    addLink(std::move(link));
    return 0;
  }
  const nlattr* data = kinds.find(IFLA_INFO_DATA);
  if (data == nullptr) return EINVAL;
  const nlattr* peer = Attributes<VETH_INFO_PEER>(*data).find(VETH_INFO_PEER);
  if (peer == nullptr) return EINVAL;
  SimLink other = link;
  other.name = peerName(*peer);
  if (other.name.empty() || other.name.size() >= IFNAMSIZ) return EINVAL;
  const int otherIndex = addLink(std::move(other));
  if (otherIndex == 0) return EEXIST;
  link.peer = otherIndex;
  const int index = addLink(std::move(link));
  state_.links.at(otherIndex).peer = index;
  return 0;
}

int SimKernel::setLink(const nlmsghdr& request) {
  const auto& header = headerOf<ifinfomsg>(request);
  const int index = header.ifi_index;
  const Attributes<IFLA_AF_SPEC> attributes(request, sizeof(ifinfomsg));
  if (!state_.links.contains(index)) return ENODEV;
  const auto master = attributes.u32(IFLA_MASTER);
  if (master && *master != 0) {
    const auto bridge = state_.links.find(static_cast<int>(*master));
    if (bridge == state_.links.end() || bridge->second.kind != "bridge") return EINVAL;
  }
  bool filter = false;
  if (const nlattr* families = attributes.find(IFLA_AF_SPEC)) {
    filter = Attributes<AF_INET>(*families).find(AF_INET) != nullptr;
  }
  changeLink(index, [&](SimLink& link) {
    if (filter) {
      link.rpFilter = 2;
      return;
    }
    ++link.requests;
    link.mac = attributes.mac(IFLA_ADDRESS).value_or(link.mac);
    link.mtu = attributes.u32(IFLA_MTU).value_or(link.mtu);
    if (master) link.master = static_cast<int>(*master);
    if ((header.ifi_change & IFF_UP) != 0) link.up = (header.ifi_flags & IFF_UP) != 0;
  });
  return 0;
}

int SimKernel::newNeighbor(const nlmsghdr& request) {
  const auto& header = headerOf<ndmsg>(request);
  const Attributes<NDA_LLADDR> attributes(request, sizeof(ndmsg));
  const int index = header.ndm_ifindex;
  const auto link = state_.links.find(index);
  if (link == state_.links.end()) return ENODEV;
  const auto mac = attributes.mac(NDA_LLADDR);
  if (!mac) return EINVAL;
  if (header.ndm_family == AF_BRIDGE) {
    if (link->second.master == 0) return EOPNOTSUPP;
    setForwarding(index, *mac, Maker::Controller);
    return 0;
  }
  const auto address = attributes.address(NDA_DST, header.ndm_family);
  if (!address) return EINVAL;
  setNeighbor(index, *address, {*mac, Maker::Controller});
  return 0;
}

int SimKernel::delNeighbor(const nlmsghdr& request) {
  const auto& header = headerOf<ndmsg>(request);
  const Attributes<NDA_LLADDR> attributes(request, sizeof(ndmsg));
  const int index = header.ndm_ifindex;
  if (!state_.links.contains(index)) return ENODEV;
  if (header.ndm_family == AF_BRIDGE) {
    const auto mac = attributes.mac(NDA_LLADDR);
    if (!mac || !state_.forwarding.contains({index, *mac})) return ENOENT;
    removeForwarding(index, *mac);
    return 0;
  }
  const auto address = attributes.address(NDA_DST, header.ndm_family);
  if (!address || !state_.neighbors.contains({index, *address})) return ENOENT;
  removeNeighbor(index, *address);
  return 0;
}

int SimKernel::newNextHop(const nlmsghdr& request) {
  const auto& header = headerOf<nhmsg>(request);
  const Attributes<NHA_GATEWAY> attributes(request, sizeof(nhmsg));
  const auto id = attributes.u32(NHA_ID).value_or(0);
  SimNextHop hop{.protocol = header.nh_protocol, .maker = Maker::Controller};
  if (const nlattr* group = attributes.find(NHA_GROUP)) {
    const auto* entry = static_cast<const nexthop_grp*>(mnl_attr_get_payload(group));
    const std::size_t count = mnl_attr_get_payload_len(group) / sizeof(nexthop_grp);
    for (std::size_t i = 0; i < count; ++i) {
      const auto member = state_.nextHops.find(entry[i].id);
      if (member == state_.nextHops.end() || !member->second.members.empty()) return EINVAL;
      hop.members.insert(entry[i].id);
    }
    if (hop.members.empty()) return EINVAL;
  } else {
    hop.link = static_cast<int>(attributes.u32(NHA_OIF).value_or(0));
    hop.gateway = attributes.address(NHA_GATEWAY, header.nh_family);
    const auto link = state_.links.find(hop.link);
    if (link == state_.links.end()) return ENODEV;
    if (!link->second.running) return ENETDOWN;
  }
  const auto known = state_.nextHops.find(id);
  if (known != state_.nextHops.end()) {
    if (!has(request, NLM_F_REPLACE)) return EEXIST;
    if (known->second.members.empty() != hop.members.empty()) return EINVAL;
    hop.maker = known->second.maker;
  }
  addNextHop(id, hop);
  return 0;
}

int SimKernel::newRoute(const nlmsghdr& request) {
  auto [key, route, family] = routeOf(request);
  if (family == Family::V6 && key.metric == 0) key.metric = 1024;  // IP6_RT_PRIO_USER
  if (route.nextHop != 0 && !state_.nextHops.contains(route.nextHop)) return EINVAL;
  if (route.nextHop == 0) {
    const auto link = state_.links.find(route.link);
    if (link == state_.links.end()) return ENODEV;
    if (!link->second.up) return ENETDOWN;
  }
  const auto known = state_.routes.find(key);
  if (known != state_.routes.end()) {
    if (has(request, NLM_F_EXCL)) return EEXIST;
    if (!has(request, NLM_F_REPLACE)) return EEXIST;
    route.maker = known->second.maker;
  }
  addRoute(key, route);
  return 0;
}

// As the kernel does, compares only what the request contains.
int SimKernel::delRoute(const nlmsghdr& request) {
  const auto [wanted, given, family] = routeOf(request);
  for (const auto& [key, route] : state_.routes) {
    const bool here = key.table == wanted.table && key.destination == wanted.destination;
    if (!here || (wanted.metric != 0 && key.metric != wanted.metric)) continue;
    if (given.protocol != 0 && route.protocol != given.protocol) continue;
    if (given.nextHop != 0 && route.nextHop != given.nextHop) continue;
    if (given.link != 0 && route.link != given.link) continue;
    if (given.gateway && route.gateway != given.gateway) continue;
    removeRoute(RouteKey(key));
    return 0;
  }
  return ESRCH;
}

int SimKernel::newRule(const nlmsghdr& request) {
  const SimRule rule = ruleOf(request);
  SimRule foreign = rule;
  foreign.maker = Maker::Other;
  if (state_.rules.contains(rule) || state_.rules.contains(foreign)) return EEXIST;
  addRule(rule);
  return 0;
}

int SimKernel::delRule(const nlmsghdr& request) {
  const SimRule wanted = ruleOf(request);
  const auto same = [](auto given, auto actual) { return given == 0 || given == actual; };
  for (const auto& rule : state_.rules) {
    if (rule.family != wanted.family || !same(wanted.priority, rule.priority) ||
        !same(wanted.table, rule.table) || !same(wanted.mark, rule.mark) ||
        !same(wanted.mask, rule.mask) || !same(wanted.protocol, rule.protocol) ||
        !same(wanted.ipProtocol, rule.ipProtocol)) {
      continue;
    }
    removeRule(SimRule(rule));
    return 0;
  }
  return ENOENT;
}

}  // namespace bgplb::fuzz
