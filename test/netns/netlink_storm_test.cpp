// Tests of lost notifications and of a failing monitor socket: how often the kernel's state is
// dumped, and that the mirror recovers.
#include "netns/netlink_world.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <csignal>

using namespace bgplb;
using namespace bgplb::test;
using namespace std::chrono_literals;

namespace {

using Clock = std::chrono::steady_clock;

// During its lifetime, creates and removes veth pairs and changes neighbours in this namespace as
// fast as possible.
class Churn {
 public:
  Churn() : pid_(fork()) {
    if (pid_ != 0) return;
    setpgid(0, 0);
    execlp("sh", "sh", "-c",
           "for i in $(seq 1 20); do\n"
           "  echo link add churn$i type veth peer name peer$i\n"
           "  for j in $(seq 1 500); do\n"
           "    echo neigh replace 192.0.2.1 lladdr 02:00:00:00:00:0$((j % 2)) nud reachable dev "
           "churn$i\n"
           "  done\n"
           "  echo link del churn$i\n"
           "done > /tmp/bgplb-churn.$$\n"
           "while :; do ip -batch /tmp/bgplb-churn.$$ >/dev/null 2>&1; done",
           nullptr);
    _exit(127);
  }
  Churn(const Churn&) = delete;
  Churn& operator=(const Churn&) = delete;
  ~Churn() {
    kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    (void)tryShell(fmt::format("rm -f /tmp/bgplb-churn.{}", pid_));
  }

 private:
  pid_t pid_;
};

double cpuMilliseconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& time) {
    return static_cast<double>(time.tv_sec * 1000000 + time.tv_usec) / 1000;
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

}  // namespace

TEST_CASE("RtnlKernel.LimitsDumps_WhileTheKernelChangesFasterThanADump") {
  const ScopedNetns netns;
  shell("for i in $(seq 1 300); do echo link add other$i type bridge; done | ip -batch -");
  boost::asio::io_context io;
  netlink::RtnlKernel kernel(io, nullptr, {.receiveBuffer = 2048});
  REQUIRE(kernel.start().has_value());
  REQUIRE(runUntil(io, [&] { return kernel.apply(core::BridgeAdd{kBridge}).has_value(); }));
  const auto before = kernel.dumps();
  const double cpu = cpuMilliseconds();
  const auto begin = Clock::now();
  {
    const Churn churn;
    CHECK_FALSE(runUntil(
        io, [] { return false; }, 5s));
  }
  const double elapsed = std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
  const auto dumps = kernel.dumps() - before;
  const double share = (cpuMilliseconds() - cpu) / elapsed;
  fmt::print("{} dumps in {:.0f} ms, {:.0f} % of a CPU\n", dumps, elapsed, share * 100);
  CHECK(dumps > 0);
  CHECK(dumps <= 25);  // at most one per 250 ms, and the first two immediately
  // The mirror recovers.
  shell("ip link del " + kBridge);
  CHECK(runUntil(io, [&] { return !kernel.observe(kBridge).bridge; }));
}

namespace {

// The socket of this process that receives rtnetlink's notifications.
int monitorSocket() {
  for (int fd = 3; fd < 1024; ++fd) {
    sockaddr_nl name{};
    socklen_t size = sizeof(name);
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) != 0) continue;
    if (name.nl_family == AF_NETLINK && name.nl_groups != 0) return fd;
  }
  return -1;
}

}  // namespace

TEST_CASE("RtnlKernel.ReopensItsMonitor_AfterAFailure") {
  World world;
  world.makeNetwork();
  const int monitor = monitorSocket();
  REQUIRE(monitor >= 0);
  const int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
  REQUIRE(dup2(file, monitor) == monitor);  // receiving fails from now on
  close(file);
  (void)world.kernel.apply(core::NeighReplace{kHop4, kMac, kBridge});
  shell("ip route del 10.0.0.101");
  CHECK(world.reported(kBridge));
  CHECK(!world.kernel.observe(kBridge).routes.contains(kVip4));
  CHECK(world.hostNetworkChanges > 0);
  world.checkMirror();
  shell("ip link del " + kHost);
  CHECK(runUntil(world.io, [&] { return !world.kernel.hasVeth(kHost); }));
}

// Must work without a complete dump, which does not succeed while hundreds of containers start. The
// test therefore does not run the event loop.
TEST_CASE("RtnlKernel.DetectsRemovedNextHops_FromARefusedRequest") {
  const ScopedNetns netns;
  boost::asio::io_context io;
  netlink::RtnlKernel kernel(io, nullptr, {.receiveBuffer = 65536});
  REQUIRE(kernel.start().has_value());
  REQUIRE(kernel.apply(core::BridgeAdd{kBridge}).has_value());
  REQUIRE(kernel.apply(core::VethAdd{kHost, kContainer, kBridge}).has_value());
  shell("ip link set " + kContainer + " up");
  REQUIRE(runUntil(io, [&] { return kernel.apply(core::NextHopAdd{kHop4, kBridge}).has_value(); }));
  REQUIRE(kernel.apply(core::GroupReplace{Family::V4, {kHop4}, kBridge}).has_value());
  REQUIRE_FALSE(kernel.observe(kBridge).groups.empty());
  // More messages than the receive buffer holds, so that the notification is lost.
  shell(
      "for i in $(seq 1 500); do echo addr add 192.0.2.1/32 dev lo; echo addr del 192.0.2.1/32 "
      "dev lo; done | ip -batch -");
  shell("ip nexthop flush proto 178");
  const auto refused = kernel.apply(core::RouteReplace{kVip4, kBridge});
  REQUIRE(refused.has_error());
  CHECK(refused.error().kind == ErrorKind::Invalid);
  CHECK(kernel.observe(kBridge).groups.empty());
  CHECK(kernel.observe(kBridge).nextHops.empty());
  REQUIRE(kernel.apply(core::NextHopAdd{kHop4, kBridge}).has_value());
  REQUIRE(kernel.apply(core::GroupReplace{Family::V4, {kHop4}, kBridge}).has_value());
  CHECK(kernel.apply(core::RouteReplace{kVip4, kBridge}).has_value());
}
