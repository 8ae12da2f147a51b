#include "bird/launch.hpp"

#include "io/descriptor.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/missing_calls.hpp"
#include "support/privileges.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>

using namespace bgplb;
using namespace bgplb::test;

namespace {

// What a shell that launchDetached() started writes to standard error: "1" for an inherited
// descriptor of this process that is not close-on-exec, "0" for none.
std::string inheritedAtLaunch() {
  const io::Descriptor leaked(memfd_create("leaked", 0));
  const io::Descriptor output(memfd_create("output", MFD_CLOEXEC));
  REQUIRE(leaked.isOpen());
  const std::string command =
      "n=0; test -e /proc/self/fd/" + std::to_string(leaked.get()) + " && n=1; echo $n >&2";
  const auto launched = bird::launchDetached({"sh", "-c", command}, output.get());
  INFO((launched ? "" : launched.error().message));
  REQUIRE(launched.has_value());
  char answer = ' ';
  CHECK(eventually([&] { return pread(output.get(), &answer, 1, 0) == 1; }));
  return std::string(1, answer);
}

}  // namespace

TEST_CASE("Launch.TheProgramInheritsOnlyItsStandardError") { CHECK(inheritedAtLaunch() == "0"); }

TEST_CASE("Launch.BirdsUserIsInNoGroupOfTheHost_AndHasOneCapability") {
  if (!isRoot()) return;
  const io::Descriptor output(memfd_create("output", MFD_CLOEXEC));
  pid_t program = 0;
  asTheController([&] {
    const auto launched = bird::launchDetached({"sleep", "60"}, output.get(), bird::kBirdUser);
    INFO((launched ? "" : launched.error().message));
    REQUIRE(launched.has_value());
    program = *launched;
  });
  const auto lines = statusLines(program, {"Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff",
                                           "CapBnd", "CapAmb", "NoNewPrivs"});
  ::kill(program, SIGKILL);
  CHECK(lines ==
        "Uid:\t65521\t65521\t65521\t65521\n"
        "Gid:\t65521\t65521\t65521\t65521\n"
        "Groups:\t \n"
        "CapInh:\t0000000000000400\n"  // CAP_NET_BIND_SERVICE
        "CapPrm:\t0000000000000400\n"
        "CapEff:\t0000000000000400\n"
        "CapBnd:\t0000000000000400\n"
        "CapAmb:\t0000000000000400\n"
        "NoNewPrivs:\t1\n");
}

TEST_CASE("Launch.WithoutTheRightToChangeTheUserNothingIsStarted") {
  if (!isRoot()) return;
  const io::Descriptor output(memfd_create("output", MFD_CLOEXEC));
  withoutCalls({{SYS_setresuid, EPERM}}, [&] {
    const auto launched = bird::launchDetached({"sleep", "60"}, output.get(), bird::kBirdUser);
    REQUIRE(launched.has_error());
    CHECK(launched.error() ==
          unavailable("sleep: cannot run as user 65521: Operation not permitted"));
  });
}

TEST_CASE("Launch.TheProgramInheritsOnlyItsStandardError_OnOlderKernels") {
  // EINVAL: Linux 5.9 and 5.10 have no CLOSE_RANGE_CLOEXEC. ENOSYS: before 5.9. EPERM: the seccomp
  // profile of an old container runtime.
  const int error = GENERATE(EINVAL, ENOSYS, EPERM);
  CAPTURE(error);
  withoutCalls({{SYS_close_range, error}}, [] { CHECK(inheritedAtLaunch() == "0"); });
}
