// The controller is killed between fork and exec of a child. Until exec, the child holds the plugin
// socket open: connections to it succeed, and no process accepts them.
#include "io/descriptor.hpp"
#include "netns/dockerd_lab.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

using namespace bgplb;
using namespace bgplb::test;
using namespace bgplb::test::dockerd_lab;

namespace {

io::Descriptor listenAt(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const auto* at = reinterpret_cast<const sockaddr*>(&address);
  ::unlink(path.c_str());
  io::Descriptor fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(bind(fd.get(), at, sizeof address) == 0);
  REQUIRE(listen(fd.get(), 8) == 0);
  return fd;
}

}  // namespace

TEST_CASE("Dockerd.SocketOfAKilledControllerStaysOpenBriefly_TheNextOneStarts",
          "[netns][dockerd]") {
  Lab lab;
  lab.begin();
  lab.controller.kill();
  auto former = listenAt(lab.controller.pluginSocket());
  lab.controller.launch();
  pollfd probed{former.get(), POLLIN, 0};
  REQUIRE(poll(&probed, 1, 5000) == 1);
  former.reset();
  lab.controller.awaitAnswer();
  lab.announcedAtOnce("new", {"10.0.0.111/32"});
  lab.checkWithdrawals();
  lab.checkEnd();
}
