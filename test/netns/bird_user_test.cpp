// BIRD as a user of its own, and the controller with the plugin's capabilities only: everything
// that the controller does with BIRD must work across the two users.
#include "bird/launch.hpp"
#include "bird/run_directory.hpp"
#include "netns/bird_lab.hpp"
#include "netns/dockerd_lab.hpp"
#include "support/privileges.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>

using namespace bgplb;
using namespace bgplb::bird;
using namespace std::chrono_literals;
namespace bird_lab = bgplb::test::bird_lab;
namespace dockerd_lab = bgplb::test::dockerd_lab;
using bgplb::test::eventually;
using bgplb::test::statusLines;

namespace {

// The TCP connections of BIRD: "PORT 1" for one that has TCP_NODELAY.
std::string connectionsOf(pid_t bird) {
  const std::string script = PROJECT_SOURCE_DIR "/test/netns/tcp_nodelay.py ";
  return test::tryShell("python3 " + script + std::to_string(bird)).out;
}
// True if BIRD has exactly one TCP connection, to any port, and it has TCP_NODELAY.
bool hasNoDelay(pid_t bird) {
  const auto lines = connectionsOf(bird);
  return lines.ends_with(" 1\n") && lines.find('\n') == lines.size() - 1;
}

std::string userOf(pid_t pid) { return statusLines(pid, {"Uid"}); }

const std::string kOfBird = "Uid:\t65521\t65521\t65521\t65521\n";
const std::string kOfRoot = "Uid:\t0\t0\t0\t0\n";

// The capabilities as proc(5) shows them.
std::string sets(capabilities::Set inheritable, capabilities::Set permitted,
                 capabilities::Set ambient) {
  return fmt::format(
      "CapInh:\t{0:016x}\nCapPrm:\t{1:016x}\nCapEff:\t{1:016x}\nCapBnd:\t{1:016x}\n"
      "CapAmb:\t{2:016x}\nNoNewPrivs:\t1\n",
      inheritable, permitted, ambient);
}
std::string setsOf(pid_t pid) {
  return statusLines(pid, {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs"});
}

// A controller under PID 1 with BIRD, and a VIP that stays announced.
struct Plugin : dockerd_lab::Lab {
  Plugin() : Lab({.softFiles = {}, .hardFiles = {}, .holdTime = "9", .underPid1 = true}) {
    startController();
    kept = announced("kept", {"10.0.0.101/32"});
    bird = controller.bird();
  }
  bool isAnnouncedToo(const std::string& name, const std::string& vip) {
    return isAnnounced(announced(name, {vip}));
  }
};

}  // namespace

TEST_CASE("BirdUser.EachProcessHasOnlyTheCapabilitiesThatItNeeds", "[netns][dockerd]") {
  Plugin plugin;
  CHECK(userOf(plugin.bird) == kOfBird);
  CHECK(setsOf(plugin.bird) == sets(capabilities::kBird, capabilities::kBird, capabilities::kBird));
  for (const pid_t pid : {plugin.controller.pid1(), plugin.controller.pid()}) {
    CAPTURE(pid);
    CHECK(userOf(pid) == kOfRoot);
    CHECK(setsOf(pid) == sets(0, capabilities::kPlugin, 0));
    // The process is not dumpable: even root needs a capability that no process of the plugin has.
    const std::string file = fmt::format("/proc/{}/environ", pid);
    CHECK(io::readFile(file).has_value());
    test::asTheController([&file] { CHECK_FALSE(io::readFile(file).has_value()); });
  }
}

TEST_CASE("BirdUser.TheControllerOfThePluginDrivesIt", "[netns][dockerd]") {
  Plugin plugin;
  const pid_t bird = plugin.bird;
  SECTION("configuration, schedule, TCP_NODELAY") {
    CHECK(sched_getscheduler(bird) == sched_getscheduler(plugin.controller.pid()));
    CHECK(plugin.isAnnouncedToo("new", "10.0.0.102/32"));
    CHECK(eventually([&] { return hasNoDelay(bird); }));
  }
  SECTION("a new controller adopts it") {
    const pid_t before = plugin.controller.pid();
    ::kill(before, SIGKILL);
    CHECK(eventually([&] {
      const pid_t now = plugin.controller.pid();
      return now != 0 && now != before;
    }));
    plugin.controller.awaitAnswer();
    CHECK(plugin.isAnnouncedToo("new", "10.0.0.102/32"));
    CHECK(plugin.controller.bird() == bird);
    CHECK(plugin.peer.sessions() == 1);
  }
  SECTION("one that hangs is killed and replaced") {
    ::kill(bird, SIGSTOP);
    CHECK(eventually([&] { return plugin.controller.bird() != bird; }, 20s));
    CHECK(eventually([&] { return userOf(plugin.controller.bird()) == kOfBird; }));
    CHECK(plugin.isAnnouncedToo("new", "10.0.0.102/32"));
  }
}

// An earlier version of the controller started BIRD as root, with BIRD's socket in the run
// directory.
TEST_CASE("BirdUser.ABirdThatRunsAsRootIsAdopted_TheNextOneIsAnotherUser", "[netns]") {
  using bird_lab::kOther4;
  using bird_lab::kVip4;
  bird_lab::Lab lab;
  bird_lab::Router router(lab.io, lab.there, bird_lab::Lab::session4());
  lab.runController(bird_lab::Lab::model(), {kVip4});
  REQUIRE(lab.eventually([&] { return router.has(kVip4); }));
  lab.stop(StopMode::GracefulRestart);
  lab.routing.reset();
  test::runReady(lab.io);

  const RunPaths paths(lab.run.path());
  for (const auto& path : {paths.main, paths.vips4, paths.vips6}) {
    REQUIRE(io::setAccess(path, io::Access(0600, 0)).has_value());
  }
  std::filesystem::remove_all(paths.ownDirectory);
  std::filesystem::remove(paths.control);
  std::filesystem::permissions(paths.directory, std::filesystem::perms(0700));
  const io::Descriptor log(::open(paths.log.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  const pid_t former = launchDetached({lab.binary, "-f", "-c", paths.main, "-s", paths.control,
                                       "-P", paths.pid, "-R"},
                                      log.get())
                           .value();
  REQUIRE(lab.eventually([&] { return bird_lab::pidIn(paths.pid) == former; }));

  lab.runController(bird_lab::Lab::model(), {kVip4});
  lab.routing->announce(kOther4);
  REQUIRE(lab.eventually([&] { return router.has(kVip4) && router.has(kOther4); }));
  CHECK(lab.pid() == former);
  CHECK(userOf(former) == kOfRoot);
  CHECK(lab.eventually([&] { return hasNoDelay(former); }));

  ::kill(former, SIGKILL);
  REQUIRE(lab.eventually([&] { return lab.pid() != former && lab.established(); }));
  CHECK(userOf(lab.pid()) == kOfBird);
  lab.routing->withdraw(kOther4);
  CHECK(lab.eventually([&] { return !router.has(kOther4) && router.has(kVip4); }));
  CHECK(lab.eventually([&] { return hasNoDelay(lab.pid()); }));
}
