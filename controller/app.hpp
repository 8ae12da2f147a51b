#pragma once
// The composition root: owns every component, connects them, and starts and stops them in order.
// The only module that depends on all folders. run_command.cpp runs it.

#include "peering.hpp"

#include "bird/bird_routing.hpp"
#include "docker/engine_client.hpp"
#include "docker/engine_sync.hpp"
#include "docker/plugin_api.hpp"
#include "firewall/iptables.hpp"
#include "http/unix_server.hpp"
#include "io/heartbeat.hpp"
#include "netlink/rtnl_kernel.hpp"
#include "operator/api.hpp"
#include "reconcile/loop.hpp"
#include "state/drain_file.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <chrono>
#include <set>
#include <string>

namespace bgplb {

// Paths and names. The defaults are those of the managed plugin (plugin-rootfs/config.json).
struct RunOptions {
  std::string socket = "/run/docker/plugins/bgplb.sock";
  std::string runDir = "/run/docker/plugins";  // a tmpfs: a full disk must not stop a withdrawal
  std::string stateDir = "/var/lib/bgplb";     // the plugin's propagatedMount: survives an upgrade
  std::string birdBinary = "/usr/sbin/bird";
  std::string templates = "/usr/share/bgplb/bird-templates";
  std::string engineSocket = "/host/run/docker.sock";
  std::string driverName;  // empty: queried from dockerd, or the socket's name without a plugin ID
  // For how long a plugin that was refused leaves a free INSTANCE to others (hold_instance.hpp).
  // Longer than dockerd takes to start the next plugin at boot, and than an upgrade takes.
  std::chrono::milliseconds headStart{60'000};
};

class App {
 public:
  App(boost::asio::io_context& io, const settings::Settings& settings, const RunOptions& options);

  // Runs until SIGTERM or SIGINT. Returns the exit code.
  int run();

 private:
  Result<void> start();
  void onKernelChange(const netlink::Changes& changes);
  void updatePeering();
  void updateNotes();
  firewall::GuardedTraffic guardedTraffic() const;
  firewall::SegmentLimits segmentLimits() const;
  void onStep();
  void checkForwarding();
  Task<http::Answer> answer(http::Request request);
  Task<http::Answer> answerStatus();
  Task<bird::StopMode> stopMode();
  Task<> shutdown();

  boost::asio::io_context& io_;
  settings::Settings settings_;
  RunOptions options_;
  boost::asio::signal_set signals_;
  io::Heartbeat heartbeat_;

  netlink::RtnlKernel kernel_;
  bird::BirdRouting routing_;
  firewall::Iptables firewall_;
  docker::EngineClient engine_;
  state::DrainFile drains_;
  reconcile::Reconciler reconciler_;
  reconcile::Loop loop_;
  docker::EngineSync sync_;
  docker::PluginApi api_;
  ops::Api operator_;
  http::UnixServer server_;

  std::optional<core::RoutingConfig> routingConfig_;
  Peering peering_;
  VipFamilies vipFamilies_;
  std::set<std::string> notes_;  // peering problems, already logged
  bool routesComplete_ = false;
  std::size_t networksChecked_ = 0;
  std::set<std::string> forwardingProblems_;  // already logged
  std::string routingProblem_;
};

// Waits for SIGTERM or SIGINT after wrong settings. The socket stays closed, so that enabling the
// plugin fails. The process keeps running, so that it is not restarted repeatedly.
int idleAfterProblems();

}  // namespace bgplb
