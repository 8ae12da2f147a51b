// RtnlKernel and the host's own settings: reverse path filtering, and neighbour discovery of a new
// container.
#include "netns/netlink_world.hpp"
#include "support/eventually.hpp"

#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <thread>

using namespace bgplb;
using namespace bgplb::test;
using namespace std::string_literals;

TEST_CASE("RtnlKernel.RelaxesStrictReversePathFiltering") {
  World world;
  shell("ip link add eth9 type bridge");
  const auto mode = [] { return shell("cat /proc/sys/net/ipv4/conf/eth9/rp_filter"); };
  const auto set = [](int all, int own) {
    shell(fmt::format("sysctl -qw net.ipv4.conf.all.rp_filter={} net.ipv4.conf.eth9.rp_filter={}",
                      all, own));
  };
  const auto after = [&](int all, int own) {
    set(all, own);
    INFO(all << " " << own);
    const auto needsFilter = world.kernel.relaxReversePathFilter("eth9");
    REQUIRE(needsFilter.has_value());
    return std::pair{mode(), *needsFilter};
  };
  CHECK(after(0, 0) == std::pair{"0\n"s, false});
  CHECK(after(0, 1) == std::pair{"2\n"s, true});
  CHECK(after(0, 2) == std::pair{"2\n"s, false});  // the operator's choice
  CHECK(after(1, 0) == std::pair{"2\n"s, true});
  CHECK(after(1, 1) == std::pair{"2\n"s, true});
  CHECK(after(1, 2) == std::pair{"2\n"s, true});  // loosened by an earlier call
  CHECK(after(2, 0) == std::pair{"0\n"s, false});
  CHECK(after(2, 1) == std::pair{"1\n"s, false});  // the greater value applies: already loose
  shell("sysctl -qw net.ipv4.conf.default.rp_filter=1");
  CHECK(after(0, 2) == std::pair{"2\n"s, true});
  CHECK(world.kernel.relaxReversePathFilter("nowhere").error().kind == ErrorKind::NotFound);
}

TEST_CASE("RtnlKernel.ReadsTheReversePathFilterInTheContainersNamespace") {
  World world;
  const Netns container;
  world.apply(core::BridgeAdd{kBridge});
  world.apply(core::VethAdd{kHost, kContainer, kBridge});
  const auto mode = [&world] { return world.kernel.containerReversePathFilter(kHost); };
  CHECK(mode().error().kind == ErrorKind::NotFound);  // Docker has not moved the end yet
  shell("ip link set " + kContainer + " netns " + container.path());
  for (const unsigned wanted : {1U, 2U, 0U}) {
    container.shell(fmt::format("sysctl -qw net.ipv4.conf.{}.rp_filter={}", kContainer, wanted));
    REQUIRE(mode().has_value());
    CHECK(*mode() == wanted);
  }
  CHECK(world.kernel.containerReversePathFilter("lo").error().kind == ErrorKind::NotFound);
}

TEST_CASE("RtnlKernel.RelaxesReversePathFiltering_WhereProcIsReadOnly") {
  // A thread cannot leave its mount namespace again, so the test uses a separate thread.
  std::string problem;
  std::thread([&problem] {
    try {
      test::ScopedNetns netns;
      shell("ip link add eth9 type bridge; sysctl -qw net.ipv4.conf.eth9.rp_filter=1");
      if (unshare(CLONE_NEWNS) != 0 ||
          mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
          mount("/proc/sys", "/proc/sys", nullptr, MS_BIND | MS_REC, nullptr) != 0 ||
          mount(nullptr, "/proc/sys", nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) != 0) {
        throw std::runtime_error(std::strerror(errno));
      }
      if (tryShell("echo 2 > /proc/sys/net/ipv4/conf/eth9/rp_filter").status == 0) {
        throw std::runtime_error("/proc/sys is not read-only");
      }
      boost::asio::io_context io;
      netlink::RtnlKernel kernel(io, nullptr);
      if (!kernel.start() || !kernel.relaxReversePathFilter("eth9")) {
        throw std::runtime_error("refused");
      }
      problem = shell("cat /proc/sys/net/ipv4/conf/eth9/rp_filter");
    } catch (const std::exception& error) {
      problem = error.what();
    }
  }).join();
  CHECK(problem == "2\n");
}

// The state of a container right after its start: the address assigned by Docker is valid, but the
// link-local address is tentative. At that time, the container cannot solicit its gateway for a
// packet whose source address is on another link.
TEST_CASE("RtnlKernel.APrimedNeighborKnowsTheHost") {
  World world;
  test::Netns container;
  shell(
      "ip link add eth9 type veth peer name eth0; ip address add 2001:db8::1/64 dev eth9 nodad;"
      "ip link set eth9 up");
  shell("ip link set eth0 netns " + container.path());
  container.shell(
      "sh -ec 'ip link set lo up; ip address add 2001:db8:0:1::101/128 dev lo nodad;"
      "sysctl -qw net.ipv6.conf.eth0.dad_transmits=60; ip link set eth0 up;"
      "ip address add 2001:db8::25/64 dev eth0 nodad; ip -6 route add default via 2001:db8::1'");
  shell("ip -6 route add 2001:db8:0:1::101/128 via 2001:db8::25");
  // Sends from the address on another link. No socket listens on the port, so the host replies with
  // "port unreachable" if the packet arrives.
  const auto reachesHost = [&container] {
    return has(tryShell(container.inside(R"(python3 -c '
import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.bind(("2001:db8:0:1::101", 0))
s.settimeout(1)
s.connect(("2001:db8::1", 9))
s.send(b"")
s.recv(1)')"))
                   .out,
               "ConnectionRefusedError");
  };
  REQUIRE(has(container.shell("ip -6 address show tentative"), "fe80"));
  CHECK(!reachesHost());
  CHECK(world.kernel.primeNeighbor(address("2001:db8::25")).has_value());
  CHECK(reachesHost());
  CHECK(has(container.shell("ip -6 address show tentative"), "fe80"));

  CHECK(!world.kernel.primeNeighbor(address("2001:db8:ffff::1")).has_value());  // no route
  CHECK(world.kernel.primeNeighbor(address("192.0.2.1")).error().kind == ErrorKind::Invalid);
}

// The documented remedy for a host whose default route comes from router advertisements.
TEST_CASE("HostSettings.AForwardingHostAcceptsRouterAdvertisementsOnlyWithAcceptRa2") {
  World world;
  const Netns router;
  shell("sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv6.conf.all.accept_dad=0");
  shell("ip link add uplink type veth peer name far netns " + router.path() +
        "; ip link set uplink up");
  router.shell("ip link set far up");
  const auto hasRoute = [&] {
    router.shell("python3 " PROJECT_SOURCE_DIR "/test/support/frames.py far ra");
    return runUntil(
        world.io, [] { return has(shell("ip -6 route"), "default via fe80::bad dev uplink"); },
        std::chrono::milliseconds(300));
  };
  CHECK_FALSE(hasRoute());
  shell("sysctl -qw net.ipv6.conf.uplink.accept_ra=2");
  CHECK(eventually(hasRoute));
  world.apply(core::BridgeAdd{kBridge});
  CHECK(shell("cat /proc/sys/net/ipv6/conf/" + kBridge + "/accept_ra") == "0\n");
}
