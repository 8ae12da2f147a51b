// The start of the controller on a kernel that lacks a required function.
#include "support/catch.hpp"
#include "support/dockerd/controller_process.hpp"
#include "support/eventually.hpp"
#include "support/missing_calls.hpp"

#include <signal.h>
#include <sys/syscall.h>

#include <cerrno>
#include <filesystem>

using namespace bgplb::test;

namespace {

ControllerOptions optionsIn(const bird_lab::TemporaryFolder& folder) {
  return {{{"ROUTER_ID", "10.77.0.1"},
           {"LOCAL_AS", "65001"},
           {"PEER_ADDRESS", "10.77.0.2"},
           {"PEER_AS", "65002"}},
          folder / "docker.sock",
          {},
          {}};
}

}  // namespace

// A controller that ended would be started again by PID 1 and would write the same line each time.
TEST_CASE("Start.TheLogNamesTheMissingCall_AndTheControllerWaitsForItsStop", "[netns]") {
  const ScopedNetns netns;
  const bird_lab::TemporaryFolder folder;
  ControllerProcess controller(optionsIn(folder));
  // The thread of withoutCalls() must live as long as the controller.
  withoutCalls({{SYS_pidfd_open, ENOSYS}}, [&controller] {
    controller.launch();
    CHECK(eventually([&] {
      return controller.log().find(
                 "cannot start: this kernel has no pidfd_open(2); Linux 5.3 or newer is needed") !=
             std::string::npos;
    }));
    controller.signal(SIGTERM);
    CHECK(eventually([&] { return controller.state() == "ended by exit status 1"; }));
  });
}

// PID 1 starts it again after such a status (init/restart_delay.hpp).
TEST_CASE("Start.ATransientErrorExitsWith75", "[netns]") {
  const ScopedNetns netns;
  const bird_lab::TemporaryFolder folder;
  ControllerProcess controller(optionsIn(folder));
  // The socket cannot be created.
  std::filesystem::create_directory(controller.pluginSocket());
  controller.launch();
  CHECK(eventually([&] { return controller.state() == "ended by exit status 75"; }));
  CHECK(controller.log().find("cannot start: ") != std::string::npos);
  std::filesystem::remove(controller.pluginSocket());
  controller.start();
}
