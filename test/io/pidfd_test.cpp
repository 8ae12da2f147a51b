#include "io/pidfd.hpp"

#include "support/catch.hpp"
#include "support/missing_calls.hpp"

#include <sys/syscall.h>

#include <cerrno>

using namespace bgplb;
using namespace bgplb::test;

TEST_CASE("Pidfd.IsAvailableOnThisKernel") { CHECK(io::checkPidfd().has_value()); }

TEST_CASE("Pidfd.TheErrorNamesWhatTheKernelLacks") {
  withoutCalls({{SYS_pidfd_open, ENOSYS}}, [] {  // Linux 4.18
    const auto checked = io::checkPidfd();
    REQUIRE(checked.has_error());
    CHECK(checked.error() ==
          unsupported("this kernel has no pidfd_open(2); Linux 5.3 or newer is needed"));
  });
  withoutCalls({{SYS_pidfd_open, EPERM}}, [] {
    const auto checked = io::checkPidfd();
    REQUIRE(checked.has_error());
    CHECK(checked.error() == unavailable("pidfd_open: Operation not permitted"));
  });
}
