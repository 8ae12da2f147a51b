#pragma once
// The kernel's whole state, dumped into a new mirror.

#include "netlink/mirror.hpp"
#include "netlink/socket.hpp"

namespace bgplb::netlink {

// Dumps links, addresses, neighbours, nexthop objects, routes and rules. Blocks for as long as that
// takes. Right once every notification that came after the call began is folded into the mirror
// too: the last message about an object shows the object's state. Transient: the state changed
// during each of several dumps (NLM_F_DUMP_INTR).
Result<Mirror> dumpAll(Socket& socket);

}  // namespace bgplb::netlink
