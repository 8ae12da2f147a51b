#pragma once
// Limits of the process: its resources (getrlimit(2)), and who may read its memory. Called by
// run_command.cpp at start.

#include "base/result.hpp"

#include <cstdint>

namespace bgplb::io {

struct OpenFiles {  // RLIMIT_NOFILE, soft
  std::uint64_t before = 0;
  std::uint64_t now = 0;
};

// Raises the soft limit of open descriptors to the hard limit. The usual soft limit of 1024 exists
// for programs that use select(2). With that limit, a host that starts 1,000 containers at once
// would run out of descriptors for its calls to the Docker API. Child processes inherit the new
// limit, which is safe: BIRD and the iptables programs use poll(2) and do not close descriptors in
// a loop.
Result<OpenFiles> raiseOpenFiles();

// Without CAP_SYS_PTRACE (to read: or CAP_PERFMON), no other process may trace this process or read
// its memory and environment, which contain passwords. The process leaves no core file
// (PR_SET_DUMPABLE). exec(3) ends this protection.
void protectMemory();

}  // namespace bgplb::io
