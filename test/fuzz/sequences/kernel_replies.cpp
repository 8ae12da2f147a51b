// The simulated kernel's replies to lookups and dumps.
#include "fuzz/sequences/kernel.hpp"

#include "fuzz/sequences/request_fields.hpp"
#include "netlink/attributes.hpp"

#include <linux/neighbour.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>

namespace bgplb::fuzz {

using netlink::Attributes;

// Selects the route of the main table with the longest prefix, then the lowest metric. The
// addresses of the host are in the local table.
std::optional<SimKernel::Message> SimKernel::lookUp(const nlmsghdr& request) const {
  const auto& header = headerOf<rtmsg>(request);
  const auto destination =
      Attributes<RTA_DST>(request, sizeof(rtmsg)).address(RTA_DST, header.rtm_family);
  if (!destination) return std::nullopt;
  for (const auto& own : state_.addresses) {
    if (own.address != *destination) continue;
    return routeMessage({RT_TABLE_LOCAL, Prefix::host(*destination), 0},
                        {.protocol = RTPROT_KERNEL, .link = own.link}, true);
  }
  const std::pair<const RouteKey, SimRoute>* best = nullptr;
  for (const auto& entry : state_.routes) {
    const auto& key = entry.first;
    if (key.table != RT_TABLE_MAIN || !key.destination.contains(*destination)) continue;
    if (best == nullptr || key.destination.length() > best->first.destination.length()) {
      best = &entry;  // the keys are sorted by metric
    }
  }
  if (best == nullptr) return std::nullopt;
  return routeMessage(best->first, best->second, true);
}

void SimKernel::dump(const nlmsghdr& request,
                     const std::function<void(const nlmsghdr&)>& onMessage) const {
  const auto send = [&onMessage](const Message& message) {
    onMessage(*reinterpret_cast<const nlmsghdr*>(message.data()));
  };
  const auto asked = *static_cast<const unsigned char*>(mnl_nlmsg_get_payload(&request));
  switch (request.nlmsg_type) {
    case RTM_GETLINK:
      for (const auto& [index, link] : state_.links) send(linkMessage(index, link, true));
      return;
    case RTM_GETADDR:
      for (const auto& address : state_.addresses) send(addressMessage(address, true));
      return;
    case RTM_GETNEIGH:
      if (asked == AF_BRIDGE) {
        for (const auto& [key, entry] : state_.forwarding) {
          const int master = state_.links.at(key.first).master;
          send(forwardingMessage(key.first, master, key.second, true));
        }
        return;
      }
      for (const auto& [key, entry] : state_.neighbors) {
        send(neighborMessage(key.first, key.second, entry.mac, true));
      }
      return;
    case RTM_GETNEXTHOP: {
      const auto link = Attributes<NHA_OIF>(request, sizeof(nhmsg)).u32(NHA_OIF);
      for (const auto& [id, hop] : state_.nextHops) {
        if (!link || hop.link == static_cast<int>(*link)) send(nextHopMessage(id, hop, true));
      }
      return;
    }
    case RTM_GETROUTE: {
      const auto protocol = headerOf<rtmsg>(request).rtm_protocol;
      for (const auto& [key, route] : state_.routes) {
        if (key.destination.family() != familyOf(asked)) continue;
        if (protocol != 0 && route.protocol != protocol) continue;
        send(routeMessage(key, route, true));
      }
      return;
    }
    case RTM_GETRULE:
      for (const auto& rule : state_.rules) {
        if (rule.family == familyOf(asked)) send(ruleMessage(rule, true));
      }
      return;
    default: return;
  }
}

}  // namespace bgplb::fuzz
