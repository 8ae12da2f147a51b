#include "io/limits.hpp"

#include <cerrno>
#include <cstring>

#include <sys/prctl.h>
#include <sys/resource.h>

namespace bgplb::io {

Result<OpenFiles> raiseOpenFiles() {
  const auto failed = [] {
    return unavailable(std::string("RLIMIT_NOFILE: ") + std::strerror(errno));
  };
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return failed();
  OpenFiles files{limit.rlim_cur, limit.rlim_max};
  limit.rlim_cur = limit.rlim_max;
  if (files.before != files.now && setrlimit(RLIMIT_NOFILE, &limit) != 0) return failed();
  return files;
}

// Cannot fail with this value.
void protectMemory() { (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

}  // namespace bgplb::io
