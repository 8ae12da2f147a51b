// Measures a pass over all networks of a host and GET /status: the longest turn of the event loop,
// during which no withdrawal can begin. Run with [.bench].
#include "fakes/fake_world.hpp"
#include "netns/netlink_world.hpp"
#include "reconcile/reconciler.hpp"
#include "status_page.hpp"

#include <boost/asio/co_spawn.hpp>

#include <ctime>
#include <fstream>

using namespace bgplb;
using namespace bgplb::test;
using namespace std::chrono_literals;

namespace {

struct ManyNetworks {
  World world;
  FakeRouting routing;
  FakeFirewall firewall;
  FakeEngine engine;
  FakeStore store;
  reconcile::Reconciler reconciler{world.kernel, world.kernel, routing, firewall,
                                   engine,       store,        {}};
  core::TimePoint now = std::chrono::steady_clock::now();

  static NetworkId network(int i) { return NetworkId(fmt::format("{:09x}{:055x}", i + 1, 0)); }
  static EndpointId endpoint(int n, int i) {
    return EndpointId(fmt::format("{:06x}{:06x}{:052x}", n + 1, i + 1, 0));
  }

  void step() {
    while (reconciler.step(now) == core::TimePoint::min()) {
    }
  }
  void add(int n, int backends) {
    auto& facts = reconciler.facts();
    const auto vip4 =
        prefix(fmt::format("10.{}.{}.{}/32", 1 + n / 62500, n / 250 % 250, n % 250 + 1).c_str());
    const auto vip6 = prefix(fmt::format("2001:db8:0:1::{:x}/128", n + 1).c_str());
    reconciler.touch(core::networkCreated(facts, network(n), vip4, vip6));
    for (int i = 0; i < backends; ++i) {
      const auto id = endpoint(n, i);
      const auto mac = fmt::format("02:00:00:{:02x}:{:02x}:{:02x}", n / 256 % 256, n % 256, i);
      core::endpointCreated(facts, network(n), id, vip4.address(), vip6.address(),
                            test::mac(mac.c_str()));
      core::endpointLink(facts, id, core::LinkState::Joining);
    }
  }
  void makeReady(int n, int backends) {
    auto& facts = reconciler.facts();
    for (int i = 0; i < backends; ++i) {
      const auto id = endpoint(n, i);
      core::endpointLink(facts, id, core::LinkState::Joined);
      const ContainerId container(fmt::format("c{:06x}{:06x}", n, i));
      core::ContainerReport report;
      report.id = container;
      report.run = core::RunState::Running;
      report.health = core::Health::Healthy;
      report.attachments.push_back({network(n), id, {}, {}, {}});
      reconciler.touch(core::containerReported(facts, report, now));
    }
  }
  // Sets the containers' ends up, as dockerd does.
  void linksUp(int networks, int backends) {
    const std::string file = "/tmp/bgplb-whole-host.batch";
    {
      std::ofstream batch(file);
      for (int n = 0; n < networks; ++n) {
        for (int i = 0; i < backends; ++i) {
          batch << "link set " << core::vethContainerName(endpoint(n, i)) << " up\n";
        }
      }
    }
    shell("ip -batch " + file + "; rm " + file);
  }
  ManyNetworks(int networks, int backends) {
    shell("sysctl -qw net.ipv6.conf.default.disable_ipv6=0");
    reconciler.facts().listed = true;
    for (int n = 0; n < networks; ++n) add(n, backends);
    step();
    linksUp(networks, backends);
    for (int n = 0; n < networks; ++n) makeReady(n, backends);
    REQUIRE(runUntil(
        world.io,
        [&] {
          now = std::chrono::steady_clock::now();
          step();
          return routing.wanted.size() == 2 * static_cast<std::size_t>(networks);
        },
        300s));
  }
};

// The CPU time of this thread. Elapsed time would be misleading, because the benchmark runs without
// the real-time priority of the event loop.
struct CpuClock {
  using duration = std::chrono::nanoseconds;
  static duration now() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  }
};

double milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

// Collects and renders the status page with `peers` peers that have all VIPs.
void measureStatus(ManyNetworks& host, int peers) {
  bird::RoutingStatus bird;
  for (int i = 0; i < peers; ++i) {
    bird.peers.push_back({.name = fmt::format("lb_peer{}", i),
                          .address = fmt::format("192.168.8.{}", i + 1),
                          .exported = host.routing.wanted});
  }
  StatusInputs inputs{
      host.reconciler, host.world.kernel, {}, std::move(bird), true, "bgplb:latest", {}};
  std::optional<Result<std::string>> page;
  runReady(host.world.io);
  boost::asio::co_spawn(
      host.world.io, renderStatus(std::move(inputs)),
      [&page](const std::exception_ptr&, Result<std::string> text) { page = std::move(text); });
  CpuClock::duration longest{};
  int turns = 0;
  while (!page) {
    const auto begin = CpuClock::now();
    turns += static_cast<int>(host.world.io.poll_one());
    longest = std::max(longest, CpuClock::now() - begin);
  }
  fmt::print("  status page for {} peers: {} bytes, {} turns, the longest {:.1f} ms\n", peers,
             page->value().size(), turns, milliseconds(longest));
}

}  // namespace

TEST_CASE("WholeHost.LongestTurn", "[.bench]") {
  using Clock = CpuClock;
  const auto [networks, backends] = GENERATE(table<int, int>({{1000, 1}, {5000, 1}, {4, 254}}));
  auto begin = Clock::now();
  ManyNetworks host(networks, backends);
  fmt::print("{} networks with {} backends: created in {:.0f} ms of CPU time\n", networks, backends,
             milliseconds(Clock::now() - begin));
  for (int round = 0; round < 3; ++round) {
    runReady(host.world.io);
    begin = Clock::now();
    host.reconciler.touchAll(host.now);
    const auto touchAll = Clock::now() - begin;
    Clock::duration longest{};
    Clock::duration all{};
    int turns = 0;
    while (true) {
      begin = Clock::now();
      const bool more = host.reconciler.step(host.now) == core::TimePoint::min();
      const auto took = Clock::now() - begin;
      longest = std::max(longest, took);
      all += took;
      ++turns;
      if (!more) break;
    }
    Clock::duration refreshed{};
    while (host.world.kernel.isRefreshing()) {
      begin = Clock::now();
      host.world.io.poll_one();
      refreshed = std::max(refreshed, Clock::now() - begin);
    }
    fmt::print(
        "  touchAll {:.1f} ms, then {} turns, {:.1f} ms in all, the longest {:.1f} ms; the "
        "longest turn of the dump {:.1f} ms\n",
        milliseconds(touchAll), turns, milliseconds(all), milliseconds(longest),
        milliseconds(refreshed));
    measureStatus(host, 4);
  }
}
