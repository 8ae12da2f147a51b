#pragma once
// The one coroutine that talks to BIRD. All that happens to BIRD happens here, one thing at a time:
// it is found or started, told of changes, looked at, ended. Everything else only sets what is
// wanted and wakes it.

#include "bird/bird_routing.hpp"
#include "bird/config_files.hpp"
#include "bird/daemon.hpp"
#include "bird/last_up_stamp.hpp"
#include "bird/route_table.hpp"
#include "bird/session_watch.hpp"

#include <boost/asio/steady_timer.hpp>

#include <optional>
#include <set>

namespace bgplb::bird {

class RoutingLoop {
 public:
  using Clock = std::chrono::steady_clock;

  RoutingLoop(boost::asio::io_context& context, BirdOptions options);

  void onConfirmed(std::function<void()> callback) { onConfirmed_ = std::move(callback); }
  Result<void> setModel(const core::BirdModel& model);
  void routesComplete();
  void announce(const Prefix& prefix, std::optional<core::LinkBandwidth> bandwidth);
  void withdraw(const Prefix& prefix);
  bool mayBeAnnounced(const Prefix& prefix) const;
  void abandon();

  // Coroutines hold the loop: it lives until they end.
  static void start(const std::shared_ptr<RoutingLoop>& self);
  static Task<Result<RoutingStatus>> status(std::shared_ptr<RoutingLoop> self);
  static Task<> stop(std::shared_ptr<RoutingLoop> self, StopMode mode);

 private:
  static constexpr std::chrono::seconds kWriteRetry{1};  // a full disk, an unanswered wish

  static Task<> run(std::shared_ptr<RoutingLoop> self);

  // BIRD is there, or is not.
  Task<> bringUp();
  Task<> startBird();
  void onReady(StartMode mode);
  void onExit();
  void onStartRefused(const Error& error);
  Clock::duration nextDelay();
  Task<> shutDown();

  // BIRD is there.
  Task<> reconfigure();
  void pace(Clock::time_point began);
  Task<bool> reconfigurationEnds();
  void onRefused(const std::string& words);
  Task<> look();
  void ensureNoDelay();
  Task<> retryListening(std::vector<PeerStatus> peers);
  Clock::duration lookInterval() const;
  Task<Result<Reply>> command(std::string line);
  std::chrono::milliseconds deadline() const;

  FileSet desiredFiles();
  void confirm(const std::set<Prefix>& withdrawn);
  void nothingIsHeld();
  void complain(const std::string& trouble);
  void change();
  void wake();
  Task<> sleepUntil(Clock::time_point time);

  boost::asio::io_context& context_;
  BirdOptions options_;
  RunPaths paths_;
  Daemon daemon_;
  ConfigFiles files_;
  LastUpStamp stamp_;
  SessionWatch sessions_;
  boost::asio::steady_timer wake_;
  boost::asio::steady_timer pause_;
  boost::asio::steady_timer finished_;
  std::function<void()> onConfirmed_;

  // What is wanted.
  std::optional<core::BirdModel> model_;
  std::string main_;  // rendered from it
  RouteTable wanted_;
  bool routesComplete_ = false;
  bool dirty_ = false;  // something of the above may differ from what BIRD has
  std::optional<StopMode> stop_;

  // Not wanted, but BIRD may still export it, or its peers hold it.
  std::set<Prefix> unconfirmed_;
  std::set<Prefix> recoveringWithdrawn_;  // of these: waiting for the end of the recovery only
  bool anyMayBeHeld_ = false;  // peers wait for our return with routes that we do not know any more

  // What is.
  bool started_ = false;       // the coroutine runs, or has run
  bool ready_ = false;         // onReady(), and no onExit() since
  bool delayTold_ = false;     // why TCP_NODELAY cannot be set
  bool recovering_ = false;    // exports are held (RFC 4724), or were a moment ago
  bool recoverySeen_ = false;  // at the last look BIRD said so itself
  std::string refusedMain_;    // BIRD does not take this one; the confirmed one is used for it
  std::string refused_;        // BIRD's words
  std::uint64_t reconfigurations_ = 0;
  std::string complaint_;      // said last; while it lasts it is not said again
  Clock::duration backoff_{0};
  Clock::time_point readyAt_;
  Clock::time_point retryAt_;
  Clock::time_point notBefore_;  // the next reconfiguration
  Clock::duration pacing_{0};    // from the end of one to the next, while they crowd
  Clock::time_point reconfiguredAt_;
  Clock::time_point lookAt_;
  Clock::time_point markedAt_;
  Clock::time_point listenRetryAt_;
  Clock::time_point mainChangedAt_;
  Clock::time_point recoveryEndsAt_;  // for us, not before
};

}  // namespace bgplb::bird
