#pragma once
// A socket filter (classic BPF, socket(7) SO_ATTACH_FILTER) for the monitor socket. Drops the
// notifications about routes of other programs that concern neither our routes nor the host's
// routes to its peers. On a host with a full routing table, a routing daemon changes thousands of
// routes a second; without the filter each change would wake the controller, or overrun its socket.
// Pure; used by Monitor.

#include "base/address.hpp"
#include "core/instance.hpp"

#include <linux/filter.h>

#include <set>
#include <vector>

namespace bgplb::netlink {

// Accepts every message except RTM_NEWROUTE and RTM_DELROUTE of a protocol other than the
// instance's. Also accepts such a route if its destination may contain one of `addresses` (compared
// by the first 32 bits), or if it is a host route that replaced another route, because the replaced
// route may be ours.
std::vector<sock_filter> routeFilter(const std::set<Address>& addresses, core::Instance instance);

}  // namespace bgplb::netlink
