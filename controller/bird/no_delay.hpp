#pragma once
// BIRD leaves Nagle's algorithm (RFC 896) on for its sessions: a second UPDATE, which IPv6's is after
// IPv4's, waits until the router has acknowledged the first, 40 ms and more where acknowledgements are
// delayed (RFC 9293 section 3.7.4, 3.8.6.3). It has no setting for that; a socket is shared by who
// holds a descriptor of it, and so can be changed by us (docs/decisions/0012).

#include "base/result.hpp"

#include <sys/types.h>

namespace bgplb::bird {

// Sets TCP_NODELAY on every TCP connection of the process, which must be of our user (pidfd_getfd(2),
// Linux 5.6). Unavailable if the kernel or a security module refuses.
Result<void> setNoDelay(pid_t daemon);

// Called by a process that another one of the same user may do this to, where Yama restricts it to
// descendants (PR_SET_PTRACER). Async-signal-safe; kept over exec(3).
void allowNoDelay();

}  // namespace bgplb::bird
