#pragma once
// Polls BIRD's sessions over the control socket and acts on their state: has TCP_NODELAY set,
// refreshes the last-up stamp, enables protocols that could not listen, and detects the end of
// BIRD's graceful-restart recovery (RFC 4724). A poll without a reply also detects a BIRD that
// hangs. Supervisor owns the SessionPoll; BirdRouting's coroutine calls poll().

#include "bird/control_client.hpp"
#include "bird/last_up_stamp.hpp"
#include "bird/no_delay_runner.hpp"
#include "bird/session_watch.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace bgplb::bird {

class SessionPoll {
 public:
  using Clock = std::chrono::steady_clock;

  // Between two writes of the stamp, which is on a disk. It is also the accuracy of the stamp.
  static constexpr std::chrono::seconds kStampInterval{30};

  // `onRecoveryEnded` is called when the peers have received the routes of a recovering BIRD.
  SessionPoll(Command command, LastUpStamp& stamp, NoDelayRunner noDelay,
              std::function<void()> onRecoveryEnded);

  // The upper limit of the polling interval, so that a hang is detected within a part of the hold
  // time.
  void setLongestInterval(Clock::duration interval) { longestInterval_ = interval; }

  // A BIRD runs. The state of its sessions is not known yet.
  void birdIsReady(pid_t pid, std::string version, bool recovering);
  void birdEnded();
  // BIRD has read a new main file.
  void protocolsChanged();

  Clock::time_point due() const { return dueAt_; }
  Task<> poll();

  bool anyEstablished() const { return sessions_.anyEstablished(); }

 private:
  void keepStamp(bool hadSession, Clock::time_point now);
  Task<bool> checkRecovery();
  Task<> retryListening(std::vector<PeerStatus> peers);
  Clock::duration interval() const;

  Command command_;
  LastUpStamp& stamp_;
  NoDelayRunner noDelay_;
  std::function<void()> onRecoveryEnded_;
  SessionWatch sessions_;
  pid_t bird_ = 0;
  std::string version_;
  bool recovering_ = false;        // BIRD may defer exports (RFC 4724), or has just stopped
  bool recoveryReported_ = false;  // BIRD reported its recovery in the last poll
  Clock::duration longestInterval_ = Clock::duration::max();
  Clock::time_point dueAt_;
  Clock::time_point unsettledAt_;  // when BIRD was started, or its protocols changed
  std::optional<Clock::time_point> stampedAt_;
  Clock::time_point listenRetryAt_;
  Clock::time_point recoveryEndsAt_;  // at the earliest
};

}  // namespace bgplb::bird
