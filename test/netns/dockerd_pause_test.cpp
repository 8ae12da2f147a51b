// The controller is stopped for longer than any of its deadlines, as in a paused virtual machine.
// The replies to a Docker API request, a plugin call and a BIRD command in flight arrive meanwhile.
#include "netns/dockerd_lab.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <future>
#include <sstream>

using namespace bgplb;
using namespace bgplb::test;
using namespace bgplb::test::dockerd_lab;

namespace {

constexpr auto kPause = 12s;      // all three have a deadline of 10 s
constexpr auto kShortPause = 2s;  // a BIRD command has 1 s with a hold time of 9 s

// A plugin call whose first half the controller has read.
class HalfCall {
 public:
  explicit HalfCall(const std::string& path) : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const auto* to = reinterpret_cast<const sockaddr*>(&address);
    REQUIRE(connect(fd_.get(), to, sizeof address) == 0);
    send("POST /NetworkDriver.GetCapabilities HTTP/1.1\r\nHost: plugin\r\n");
    const auto isRead = [this] {
      int unread = -1;
      return ioctl(fd_.get(), SIOCOUTQ, &unread) == 0 && unread == 0;
    };
    REQUIRE(eventually(isRead, kAtOnce));
  }
  void sendRest() { send("Content-Length: 0\r\n\r\n"); }
  void abandon() { fd_.reset(); }

 private:
  void send(const std::string& text) {
    REQUIRE(::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(text.size()));
  }
  io::Descriptor fd_;
};

// BIRD's end of a control connection has unread bytes.
bool commandWaits() {
  std::istringstream lines(shell("ss -xnH"));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string netid, state;
    long waiting = 0;
    words >> netid >> state >> waiting;
    if (waiting > 0 && line.find("/bird.ctl") != std::string::npos) return true;
  }
  return false;
}

// Stops BIRD, then the controller as soon as it waits for BIRD's reply.
void stopWithCommandInFlight(Lab& lab) {
  ::kill(lab.bird, SIGSTOP);
  const bool waits = eventually(commandWaits);
  lab.controller.signal(SIGSTOP);
  if (!waits) ::kill(lab.bird, SIGCONT);
  REQUIRE(waits);
}

void requireNoChange(Lab& lab, std::chrono::milliseconds pause) {
  const auto changed = [&] { return lab.peer.sessions() != 1 || !lab.isAnnounced(lab.kept); };
  REQUIRE_FALSE(eventually(changed, pause));
}

}  // namespace

TEST_CASE("Dockerd.ControllerPausedFor12Seconds_NoRouteChanges", "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  // One reply fits into the controller's first read, the other does not.
  lab.dockerd.hold("/networks/*");
  const auto pending = lab.docker.createNetwork("pending", {"10.0.0.111/32"});
  lab.dockerd.hold(pending.inspectPath());
  lab.docker.start(pending);
  const auto held = [&] {
    return lab.dockerd.held(pending.inspectPath()) > 0 && lab.dockerd.held("/networks/*") > 0;
  };
  REQUIRE(eventually(held));
  HalfCall completed(lab.controller.pluginSocket());
  HalfCall abandoned(lab.controller.pluginSocket());
  stopWithCommandInFlight(lab);
  ::kill(lab.bird, SIGCONT);

  lab.dockerd.release(pending.inspectPath());
  lab.dockerd.release("/networks/*");
  completed.sendRest();
  abandoned.abandon();
  auto call = std::async(std::launch::async, [&] {
    return callPlugin(lab.controller.pluginSocket(), "NetworkDriver.GetCapabilities", "", 30s);
  });
  requireNoChange(lab, kPause);
  lab.controller.signal(SIGCONT);

  REQUIRE(call.wait_for(kAtOnce) == std::future_status::ready);
  REQUIRE(call.get().has_value());
  lab.docker.health(pending, "healthy");
  REQUIRE(lab.isAnnouncedAtOnce(pending));
  lab.checkWithdrawals();
  lab.checkEnd();
}

// The deadline of the BIRD command passes while BIRD cannot run either.
TEST_CASE("Dockerd.ControllerAndBirdPausedFor2Seconds_NoRouteChanges", "[netns][dockerd]") {
  Lab lab({.holdTime = "9"});
  lab.begin();
  stopWithCommandInFlight(lab);
  requireNoChange(lab, kShortPause);
  lab.controller.signal(SIGCONT);
  ::kill(lab.bird, SIGCONT);
  lab.announcedAtOnce("new", {"10.0.0.111/32"});
  lab.checkWithdrawals();
  lab.checkEnd();
}
