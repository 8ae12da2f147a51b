#pragma once
// Keeps the facts in step with the Docker engine: subscribes to its events, then reads its lists, in
// that order, so that nothing falls in between; again whenever the stream breaks, and every few
// minutes. An event changes the facts at once; what it does not say (which endpoint, which stop
// signal, is there a health check) is asked for when a container starts, so that it is known before
// its health or a kill is reported. While Docker is silent nothing is concluded.

#include "docker/engine_client.hpp"
#include "docker/engine_codec.hpp"
#include "docker/swarm_watch.hpp"
#include "reconcile/loop.hpp"

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <set>
#include <string>

namespace bgplb::docker {

struct SyncOptions {
  std::string driverName;  // as in `docker network ls`; empty: asked for by `pluginId`
  std::string pluginId;    // empty: not a managed plugin
  bool drainOnSigusr2 = false;               // SIGUSR2_HANDLER
  bool terminateDrained = true;              // SIGUSR2_ACTION=stop
  std::chrono::milliseconds drainDelay{5000};  // DRAIN_DELAY
  std::chrono::milliseconds resyncEvery{180'000};
};

class EngineSync {
 public:
  EngineSync(boost::asio::io_context& io, EngineClient& engine, reconcile::Loop& loop,
             SyncOptions options);

  void start();
  bool following() const { return following_; }  // the event stream stands and the lists were read
  const std::string& driverName() const { return options_.driverName; }
  const std::set<std::string>& swarmNotes() const { return swarm_.notes(); }

 private:
  Task<> followForever();
  Task<> resyncForever();
  Task<> resync();
  Task<Result<void>> resyncLists();
  void takeNetworks(const std::vector<core::NetworkReport>& reports,
                    const std::vector<ListedContainer>& containers);
  Task<> askContainer(ContainerId id);
  Task<> askNetwork(NetworkId id);
  Task<> greet(core::ContainerReport started);
  Task<> learnDriverName();
  void onLine(std::string_view line);
  void onContainerEvent(const EngineEvent& event);
  void onNetworkEvent(const EngineEvent& event);
  bool isOurs(const core::NetworkReport& report) const;
  core::Facts& facts() { return loop_.reconciler().facts(); }

  boost::asio::io_context& io_;
  EngineClient& engine_;
  reconcile::Loop& loop_;
  SyncOptions options_;
  SwarmWatch swarm_;
  boost::asio::steady_timer resyncTimer_;
  bool following_ = false;
  bool complained_ = false;
  std::set<ContainerId> asking_;
};

}  // namespace bgplb::docker
