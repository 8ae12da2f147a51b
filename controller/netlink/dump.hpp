#pragma once
// Dumps the kernel's complete state into a new mirror. Called by KernelMirror, at start on the
// event loop and later on a background thread.

#include "netlink/mirror.hpp"
#include "netlink/socket.hpp"

namespace bgplb::netlink {

// Dumps links, addresses, neighbours, nexthop objects, routes and rules. Blocks until the dumps are
// finished. The result is correct once the caller has also folded in every notification received
// since the call began, because the last message about an object shows the object's state.
// Transient: the state changed during each of several attempts (NLM_F_DUMP_INTR).
Result<Mirror> dumpAll(Socket& socket);

}  // namespace bgplb::netlink
