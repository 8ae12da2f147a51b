#pragma once
// Process file descriptors (pidfd_open(2), Linux 5.3). A pidfd becomes readable when its process
// has ended, and it cannot refer to a later process with the same pid.

#include "base/result.hpp"
#include "io/descriptor.hpp"

#include <sys/types.h>

namespace bgplb::io {

// The descriptor is close-on-exec. Not open: errno has the cause, ESRCH if the process has ended.
Descriptor openPidfd(pid_t pid);

// Unsupported: the kernel has no pidfd_open(2). Transient: no descriptor or memory is free.
// Unavailable: a security policy refuses the call.
Result<void> checkPidfd();

}  // namespace bgplb::io
