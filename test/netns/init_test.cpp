// PID 1 as a program, with shell scripts as its controller: how it handles a controller that hangs,
// that ends again and again, or that was paused together with PID 1.
#include "io/file.hpp"
#include "netns/bird_lab.hpp"
#include "support/catch.hpp"
#include "support/dockerd/child_process.hpp"
#include "support/eventually.hpp"
#include "support/privileges.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

using namespace bgplb;
using namespace bgplb::test;
using namespace std::chrono_literals;

namespace {

using Clock = std::chrono::steady_clock;

struct Init {
  bird_lab::TemporaryFolder folder;
  std::string log = folder / "log";
  ChildProcess program;

  // `script` appends to $LOG. `environment`: additional variables.
  explicit Init(const std::string& script, std::map<std::string, std::string> environment = {})
      : Init(std::vector<std::string>{"/bin/sh", "-c", script}, std::move(environment)) {}
  explicit Init(std::vector<std::string> argv, std::map<std::string, std::string> environment = {})
      : program({.argv = (argv.insert(argv.begin(), BGPLB_INIT_PROGRAM), argv),
                 .environment = with(std::move(environment)),
                 .output = log}) {}

  std::map<std::string, std::string> with(std::map<std::string, std::string> environment) {
    environment["PATH"] = "/usr/bin:/bin";
    environment["LOG"] = log;
    return environment;
  }
  std::string text() const {
    const auto read = io::readFile(log);
    return read ? *read : std::string();
  }
  std::ptrdiff_t count(const std::string& line) const {
    const std::string all = text();
    std::ptrdiff_t found = 0;
    for (auto at = all.find(line); at != std::string::npos; at = all.find(line, at + 1)) ++found;
    return found;
  }
  pid_t controller() const {
    const std::string all = text();
    const auto at = all.rfind("started ");
    return at == std::string::npos ? 0 : std::stoi(all.substr(at + 8));
  }
};

const std::string kBeats =
    "echo started $$ >> $LOG; while :; do printf c >&$BGPLB_HEARTBEAT; sleep 1; done";
// Adopted by PID 1, as BIRD is, when the controller ends.
const std::string kBird =
    "(trap 'echo BIRD ended >> $LOG; exit' TERM; while :; do sleep 0.1; done) & ";

}  // namespace

TEST_CASE("Init.ReplacesAControllerThatHangs") {
  const Init init("echo started $$ >> $LOG; printf a >&$BGPLB_HEARTBEAT; exec sleep 1000");
  CHECK(eventually([&] { return init.count("started") == 2; }, 15s));
  CHECK(init.count("hangs, killing it") == 1);
}

TEST_CASE("Init.DoesNotReplaceAControllerThatWasPausedTogetherWithIt") {
  const Init init(kBeats);
  REQUIRE(eventually([&] { return init.controller() != 0; }, 5s));
  const pid_t controller = init.controller();
  init.program.signal(SIGSTOP);
  kill(controller, SIGSTOP);
  CHECK_FALSE(eventually([&] { return init.count("started") > 1; }, 12s));  // the limit is 10 s
  init.program.signal(SIGCONT);
  CHECK_FALSE(eventually([&] { return init.count("hangs") > 0; }, 500ms));  // PID 1 runs first
  kill(controller, SIGCONT);
  CHECK_FALSE(eventually([&] { return init.count("started") > 1; }, 3s));
}

TEST_CASE("Init.EndsBird_WhenNoControllerWasInChargeForTheOrphanTime") {
  const Init init(
      "echo started >> $LOG; test -e $LOG.bird || { touch $LOG.bird; " + kBird + "}; exit 1",
      {{"ORPHAN_TIME", "3"}});
  const auto begin = Clock::now();
  CHECK(eventually([&] { return init.count("BIRD ended") == 1; }, 8s));
  CHECK(Clock::now() - begin > 2500ms);
  CHECK(init.count("no controller is in charge") >= 1);
  CHECK(init.count("started") > 1);  // and keeps restarting the controller
}

TEST_CASE("Init.LeavesBirdToAControllerInCharge") {
  const Init init(kBird + kBeats, {{"ORPHAN_TIME", "2"}});
  CHECK_FALSE(eventually([&] { return init.count("BIRD ended") > 0; }, 5s));
}

TEST_CASE("Init.GivesUpTheCapabilitiesThatThePluginDoesNotNeed") {
  if (!isRoot()) return;
  const Init init("echo started $$ >> $LOG; exec sleep 1000");
  REQUIRE(eventually([&] { return init.controller() != 0; }, 5s));
  for (const pid_t pid : {init.program.pid(), init.controller()}) {
    CAPTURE(pid);
    CHECK(statusLines(pid, {"CapInh", "CapPrm", "CapBnd", "CapAmb", "NoNewPrivs"}) ==
          "CapInh:\t0000000000000000\n"
          "CapPrm:\t00000000008035e3\n"  // capabilities::kPlugin
          "CapBnd:\t00000000008035e3\n"
          "CapAmb:\t0000000000000000\n"
          "NoNewPrivs:\t1\n");
  }
}

TEST_CASE("Init.EndsWithOneLine_IfItCannotRunTheController") {
  Init init(std::vector<std::string>{"/nonexistent/bgplb"});
  const auto ending = init.program.waitFor(5s);
  REQUIRE(ending);
  CHECK(ending->code == 127);
  CHECK(init.text() == "bgplb-init: cannot run /nonexistent/bgplb: No such file or directory\n");
}

// BIRD may be running by then.
TEST_CASE("Init.RepeatsTheStartSeldom_WhileTheControllersFileIsMissing") {
  const bird_lab::TemporaryFolder folder;
  const std::string link = folder / "sh";
  std::filesystem::create_symlink("/bin/sh", link);
  const std::string script = "echo started >> $LOG; rm -f " + link + "; exit 1";
  const Init init(std::vector<std::string>{link, "-c", script});
  // At once, then after 0.25, 0.5, 1 s.
  CHECK(eventually([&] { return init.count("cannot run " + link) == 4; }, 5s));
  CHECK_FALSE(eventually([&] { return init.count("cannot run") > 5; }, 2s));
  CHECK(init.count("died") == 1);
  std::filesystem::create_symlink("/bin/sh", link);
  CHECK(eventually([&] { return init.count("started") == 2; }, 10s));
}

TEST_CASE("Init.RepeatsAFailedStartSeldom_AndLeavesNoCore") {
  // `ulimit` counts blocks, not bytes.
  const Init init(
      "echo started core $(sed -n 's/^Max core file size//p' /proc/self/limits) >> $LOG; exit 75");
  // After 0.25, 0.5, 1, 2 s.
  CHECK(eventually([&] { return init.count("started core 1 1 bytes\n") == 4; }, 4s));
  CHECK_FALSE(eventually([&] { return init.count("started") > 5; }, 2s));
}
