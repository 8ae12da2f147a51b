#pragma once
// The plugin's calls on an in-memory world.

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
  docker::PluginApi api{loop, kernel, kernel, false};

  void runLoop() {
    io.poll();
    io.restart();
  }
};

}  // namespace bgplb::test
