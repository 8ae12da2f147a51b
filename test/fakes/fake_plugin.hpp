#pragma once
// PluginApi with in-memory fakes of its surroundings, for the tests of plugin calls.

#include "docker/plugin_api.hpp"

#include "fakes/fake_world.hpp"

namespace bgplb::test {

struct FakePlugin {
  boost::asio::io_context io{1};
  FakeKernel kernel;
  FakeRouting routing;
  FakeFirewall firewall;
  FakeEngine engine;
  FakeStore store;
  reconcile::Reconciler reconciler{kernel, kernel, routing, firewall, engine, store, {}};
  reconcile::Loop loop{io, reconciler};
  docker::PluginApi api{loop, kernel, false};

  void runLoop() {
    io.poll();
    io.restart();
  }
};

}  // namespace bgplb::test
