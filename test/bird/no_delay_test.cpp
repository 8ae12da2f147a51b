#include "bird/no_delay.hpp"

#include "io/descriptor.hpp"
#include "support/catch.hpp"
#include "support/missing_calls.hpp"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

using namespace bgplb;
using namespace bgplb::test;

TEST_CASE("NoDelay.IsUnavailableBeforeLinux5_6") {
  const io::Descriptor any(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(any.isOpen());
  withoutCalls({{SYS_pidfd_getfd, ENOSYS}}, [] {
    const auto set = bird::setNoDelay(getpid());
    REQUIRE(set.has_error());
    CHECK(set.error() == unavailable("pidfd_getfd: Function not implemented"));
  });
}
