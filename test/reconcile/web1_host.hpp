#pragma once
// A reconciler on fake ports, with short functions for the events in its tests.

#include "fakes/fake_world.hpp"
#include "reconcile/reconciler.hpp"
#include "support/build.hpp"

#include <chrono>
#include <set>
#include <string>

namespace bgplb::test {

// SIGUSR2_HANDLER=true, all other settings with their defaults.
inline const core::Policy kPolicy{.flap = {},
                                  .drainGrace = std::chrono::seconds(1),
                                  .drainDelay = std::chrono::seconds(5),
                                  .drainOnSigusr2 = true};
inline constexpr int kSigUsr2 = 12;

// A host with the network web1 (10.0.0.101/32, 2001:db8:0:1::101/128) and one joined backend.
struct Host {
  FakeKernel kernel;
  FakeRouting routing;
  FakeFirewall firewall;
  FakeEngine engine;
  FakeStore store;
  reconcile::Reconciler reconciler{kernel, kernel, routing, firewall, engine, store, kPolicy};
  core::TimePoint now = core::TimePoint{} + std::chrono::hours(100);
  const std::string bridge = core::bridgeName(kWeb1);
  const Prefix vip4 = net("10.0.0.101/32");
  const Prefix vip6 = net("2001:db8:0:1::101/128");

  core::Facts& facts() { return reconciler.facts(); }
  bool woken = false;

  Host() {
    reconciler.onWake([this] { woken = true; });
  }
  Host(const Host&) = delete;
  void step() {
    do {
      woken = false;
      while (reconciler.step(now) == core::TimePoint::min()) {
      }
    } while (woken);
  }
  void touch(const core::Touched& networks) {
    reconciler.touch(networks);
    step();
  }
  void later(std::chrono::milliseconds time) {
    now += time;
    step();
  }
  void confirm() {
    routing.confirm();
    reconciler.touchUnconfirmed();
    step();
  }
  void create() {
    facts().listed = true;
    touch(core::networkCreated(facts(), kWeb1, vip4, vip6));
  }
  void join(const EndpointId& endpoint, const char* address) {
    touch(core::endpointCreated(facts(), kWeb1, endpoint, vip4.address(), vip6.address(),
                                mac(address)));
    touch(core::endpointLink(facts(), endpoint, core::LinkState::Joining));
    touch(core::endpointLink(facts(), endpoint, core::LinkState::Joined));
  }
  void report(const ContainerId& container, const EndpointId& endpoint, core::Health health) {
    touch(core::containerReported(facts(), test::report(container, kWeb1, endpoint, health), now));
  }
  void makeReady() {
    create();
    join(kEp1, "02:00:00:00:00:01");
    report(kCtr1, kEp1, core::Health::Healthy);
  }
  void signal(const ContainerId& container, int number) {
    touch(core::containerSignalled(facts(), container, number, reconciler.policy(), now));
  }
  bool announced() const { return routing.wanted.count(vip4) > 0; }
  bool routed() const { return kernel.observe(bridge).routes.count(vip4) > 0; }
};

}  // namespace bgplb::test
