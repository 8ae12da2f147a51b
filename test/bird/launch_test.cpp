#include "bird/launch.hpp"

#include "io/descriptor.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/missing_calls.hpp"

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

TEST_CASE("Launch.TheProgramInheritsOnlyItsStandardError_OnOlderKernels") {
  // EINVAL: Linux 5.9 and 5.10 have no CLOSE_RANGE_CLOEXEC. ENOSYS: before 5.9. EPERM: the seccomp
  // profile of an old container runtime.
  const int error = GENERATE(EINVAL, ENOSYS, EPERM);
  CAPTURE(error);
  withoutCalls({{SYS_close_range, error}}, [] { CHECK(inheritedAtLaunch() == "0"); });
}
