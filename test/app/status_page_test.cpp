#include "status_page.hpp"

#include "fakes/fake_world.hpp"
#include "operator/status.hpp"
#include "support/build.hpp"
#include "support/catch.hpp"
#include "support/run_until.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <fmt/format.h>

using namespace bgplb;
using namespace bgplb::test;

namespace {

class CountingKernel : public FakeKernel {
 public:
  core::KernelNetwork observe(const std::string& bridge) const override {
    ++observed;
    return FakeKernel::observe(bridge);
  }
  mutable int observed = 0;
};

// A host with many VIP networks, each with an IPv4 VIP.
struct Host {
  explicit Host(int networks) {
    for (int i = 0; i < networks; ++i) {
      (void)core::networkCreated(reconciler.facts(), network(i), vip(i), {});
    }
  }
  static NetworkId network(int i) { return NetworkId(fmt::format("{:09x}{:055x}", i + 1, 0)); }
  static Prefix vip(int i) {
    return net(fmt::format("10.0.{}.{}/32", i / 250, i % 250 + 1).c_str());
  }

  void request(Result<bird::RoutingStatus> bird) {
    StatusInputs inputs{reconciler, kernel, {}, std::move(bird), true, "bgplb:latest", {"a note"}};
    boost::asio::co_spawn(io, renderStatus(std::move(inputs)),
                          [this](const std::exception_ptr& failure, Result<std::string> text) {
                            if (failure) std::rethrow_exception(failure);
                            page = ops::parseStatusPage(text.value());
                          });
  }
  ops::StatusPage answer() {
    REQUIRE(runUntil(io, [this] { return page.has_value(); }));
    return page->value();
  }

  boost::asio::io_context io;
  CountingKernel kernel;
  FakeRouting routing;
  FakeFirewall firewall;
  FakeEngine engine;
  FakeStore store;
  reconcile::Reconciler reconciler{kernel, kernel, routing, firewall, engine, store, {}};
  std::optional<Result<ops::StatusPage>> page;
};

}  // namespace

TEST_CASE("StatusPage.ATurnOfTheEventLoopCollectsAFewNetworks") {
  Host host(500);
  host.request(unavailable("no BIRD"));
  int most = 0;
  while (host.kernel.observed < 500) {
    const int before = host.kernel.observed;
    REQUIRE(host.io.poll_one() == 1);
    most = std::max(most, host.kernel.observed - before);
  }
  CHECK(most <= 50);
  CHECK(host.answer().vips.size() == 500);
}

TEST_CASE("StatusPage.NetworksMayBeRemovedBetweenTwoTurns") {
  Host host(200);
  host.request(unavailable("no BIRD"));
  while (host.kernel.observed == 0) REQUIRE(host.io.poll_one() == 1);
  const int first = host.kernel.observed;
  REQUIRE(first < 200);
  for (const int removed : {first - 1, first, 199}) {
    host.reconciler.facts().networks.erase(Host::network(removed));
  }
  CHECK(host.answer().vips.size() == 198);
}

TEST_CASE("StatusPage.ShowsWhatBirdExports") {
  Host host(2);
  bird::RoutingStatus bird{.version = "2.17.5", .pid = 17};
  bird.peers.push_back(
      {.name = "lb_peer1", .address = "192.168.8.137", .exported = {Host::vip(1)}});
  bird.peers.push_back({.name = "lb_peer2", .address = "192.168.8.138"});
  host.request(bird);
  const auto page = host.answer();
  REQUIRE(page.peers.size() == 2);
  CHECK(page.peers[0].exported == std::vector<std::string>{Host::vip(1).toString()});
  CHECK(page.peers[1].exported.empty());
  REQUIRE(page.vips.size() == 2);
  CHECK(page.vips[0].exportedTo.empty());
  CHECK(page.vips[1].exportedTo == std::vector<std::string>{"192.168.8.137"});
  CHECK(page.bird.pid == 17);
  CHECK(page.notes == std::vector<std::string>{"a note"});
}
