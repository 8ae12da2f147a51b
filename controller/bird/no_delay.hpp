#pragma once
// Sets TCP_NODELAY on BIRD's sessions, in a process of the command no-delay, which NoDelayRunner
// starts. BIRD leaves Nagle's algorithm (RFC 896) enabled, so a second UPDATE, such as the one for
// IPv6 after the one for IPv4, waits until the router has acknowledged the first: 40 ms and more if
// the router delays ACKs (RFC 9293 sections 3.7.4 and 3.8.6.3). BIRD has no setting for
// TCP_NODELAY, so the command sets it on a duplicate of the socket's descriptor
// (docs/decisions/0012).

#include "base/result.hpp"

#include <sys/types.h>

namespace bgplb::bird {

// Sets TCP_NODELAY on every TCP connection of the process, which must run as the same user
// (pidfd_getfd(2), Linux 5.6). NotFound: the process has ended. Unavailable: the kernel or a
// security module refuses.
Result<void> setNoDelay(pid_t daemon);

// Makes the calling process one of the daemon's user, and calls setNoDelay(). pidfd_getfd(2) needs
// the daemon's user and capabilities, or CAP_SYS_PTRACE, which the plugin does not have.
Result<void> becomeUserAndSetNoDelay(pid_t daemon);

// Called in the process that becomes BIRD, before exec(3), which preserves the permission: allows
// setNoDelay() where Yama restricts pidfd_getfd(2) to ancestors (PR_SET_PTRACER).
// Async-signal-safe.
void allowNoDelay();

}  // namespace bgplb::bird
