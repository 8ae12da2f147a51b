#pragma once
// Dumps the kernel's complete state into a new mirror. Called by KernelMirror, at start on the
// event loop and later on a background thread.

#include "netlink/mirror.hpp"
#include "netlink/requests.hpp"
#include "netlink/socket.hpp"

#include <functional>

namespace bgplb::netlink {

// Sends a dump request and passes each message of the reply to the function, as Socket::dump().
using Dump = std::function<Result<void>(const Request&, const Socket::OnMessage&)>;

// Dumps links, addresses, neighbours, nexthop objects, and the instance's routes and rules. Blocks
// until the dumps are finished. The result is correct once the caller has also folded in every
// notification received since the call began, because the last message about an object shows the
// object's state. Transient: the state changed during each of several attempts (NLM_F_DUMP_INTR).
// Unsupported: the kernel lacks objects that VIPs need; the message is a complete sentence. A
// kernel without IPv6 has no IPv6 objects (Mirror::hasIpv6()).
Result<Mirror> dumpAll(const Dump& dump, core::Instance instance);
Result<Mirror> dumpAll(Socket& socket, core::Instance instance);

}  // namespace bgplb::netlink
