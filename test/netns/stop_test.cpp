// The whole program stops within the time that PID 1 allows, even if Docker and BIRD hang:
// afterwards PID 1 would send SIGTERM to BIRD, and every route would be withdrawn.
#include "io/descriptor.hpp"
#include "io/file.hpp"
#include "support/catch.hpp"
#include "support/scoped_netns.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace bgplb;
using namespace std::chrono_literals;

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kAllowedByInit = 8s;  // init/init.cpp

bool within(std::chrono::milliseconds time, const std::function<bool()>& condition) {
  const auto end = Clock::now() + time;
  while (!condition()) {
    if (Clock::now() >= end) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

// Accepts connections and never replies.
io::Descriptor silentDockerd(const std::string& path) {
  io::Descriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(listener.get(), 64) == 0);
  return listener;
}

constexpr const char* kTemplates = PROJECT_SOURCE_DIR "/bird-templates";

pid_t startProgram(const std::string& folder) {
  const std::vector<std::string> words = {BGPLB_PROGRAM,   "run",
                                          "--socket",      folder + "/bgplb.sock",
                                          "--run-dir",     folder,
                                          "--state-dir",   folder,
                                          "--bird",        folder + "/slow-bird",
                                          "--templates",   kTemplates,
                                          "--engine",      folder + "/docker.sock",
                                          "--driver-name", "bgplb"};
  const std::vector<std::string> settings = {"ROUTER_ID=192.0.2.1", "LOCAL_AS=65534",
                                             "PEER_ADDRESS=192.0.2.2", "PEER_AS=64512",
                                             std::string("PATH=") + std::getenv("PATH")};
  const auto pointers = [](const std::vector<std::string>& texts) {
    std::vector<char*> list;
    for (const auto& text : texts) list.push_back(const_cast<char*>(text.c_str()));
    list.push_back(nullptr);
    return list;
  };
  auto argv = pointers(words);
  auto environment = pointers(settings);
  const pid_t pid = fork();
  if (pid != 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  execve(argv[0], argv.data(), environment.data());
  _exit(127);
}

}  // namespace

TEST_CASE("Program.StopEndsInTheTimeThatPid1Allows_WhileDockerAndBirdHang", "[netns]") {
  std::string folder = std::filesystem::temp_directory_path() / "bgplb-stop-XXXXXX";
  REQUIRE(mkdtemp(folder.data()) != nullptr);  // also the run directory, which BIRD may search
  const test::ScopedNetns here;
  const auto dockerd = silentDockerd(folder + "/docker.sock");
  std::ofstream(folder + "/slow-bird")
      << "#!/bin/sh\necho $$ >" << folder << "/bird/slow.pid\nexec sleep 60\n";
  std::filesystem::permissions(folder + "/slow-bird", std::filesystem::perms(0755));
  const pid_t program = startProgram(folder);
  const auto birdStarts = [&] {
    const auto text = io::readFile(folder + "/bird/slow.pid");
    return text && !text->empty();
  };
  REQUIRE(within(10s, birdStarts));

  const auto began = Clock::now();
  ::kill(program, SIGTERM);
  int status = 0;
  CHECK(within(15s, [&] { return ::waitpid(program, &status, WNOHANG) == program; }));
  CHECK(Clock::now() - began < kAllowedByInit);
  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
  ::kill(program, SIGKILL);
  std::filesystem::remove_all(folder);
}
