#pragma once
// BIRD leaves Nagle's algorithm (RFC 896) on for its sessions: a second UPDATE, such as IPv6's
// after IPv4's, waits until the router has acknowledged the first, 40 ms and more where the router
// delays ACKs (RFC 9293 sections 3.7.4 and 3.8.6.3). BIRD has no setting for TCP_NODELAY; we set it
// through a copy of the socket's descriptor (docs/decisions/0012).

#include "base/result.hpp"

#include <sys/types.h>

namespace bgplb::bird {

// Sets TCP_NODELAY on every TCP connection of the process, which must be of our user
// (pidfd_getfd(2), Linux 5.6). NotFound if the process has ended, Unavailable if the kernel or a
// security module refuses.
Result<void> setNoDelay(pid_t daemon);

// Called by the process that is to become BIRD: allows setNoDelay() where Yama restricts
// pidfd_getfd(2) to ancestors (PR_SET_PTRACER). Async-signal-safe; kept over exec(3).
void allowNoDelay();

}  // namespace bgplb::bird
