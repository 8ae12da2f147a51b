#pragma once
// Resource limits of the process (getrlimit(2)).

#include "base/result.hpp"

#include <cstdint>

namespace bgplb::io {

struct OpenFiles {  // RLIMIT_NOFILE, soft
  std::uint64_t before = 0;
  std::uint64_t now = 0;
};

// Raises the soft limit of open descriptors to the hard limit. The usual soft limit of 1024 exists
// for programs that use select(2); with it, a host that starts 1,000 containers at once would run
// out of descriptors for its calls to the Docker API. Children inherit the limit; BIRD and the
// packet filter's tools use poll(2) and do not close descriptors in a loop.
Result<OpenFiles> raiseOpenFiles();

}  // namespace bgplb::io
