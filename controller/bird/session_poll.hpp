#pragma once
// Polls BIRD's sessions over the control socket, and does what depends on their state: TCP_NODELAY,
// the last-up stamp, protocols that could not listen, the end of a recovery. A poll that is not
// answered is also how a BIRD that hangs is detected.

#include "bird/control_client.hpp"
#include "bird/last_up_stamp.hpp"
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

  // Between two writes of the stamp, which is on a disk: its age is known to this much.
  static constexpr std::chrono::seconds kStampInterval{30};

  // `onRecoveryEnded` is called when peers have the routes of a BIRD that recovered.
  SessionPoll(Command command, LastUpStamp& stamp, std::function<void()> onRecoveryEnded);

  // At least this often; a hang is to be detected within a part of the hold time.
  void setLongestInterval(Clock::duration interval) { longestInterval_ = interval; }

  // A BIRD runs: none of its sessions is known.
  void birdIsReady(pid_t pid, std::string version, bool recovering);
  void birdEnded();
  // BIRD has a new main file.
  void protocolsChanged();

  Clock::time_point due() const { return dueAt_; }
  Task<> poll();

  bool anyEstablished() const { return sessions_.anyEstablished(); }

 private:
  void keepStamp(bool hadSession, Clock::time_point now);
  void ensureNoDelay();
  Task<bool> checkRecovery();
  Task<> retryListening(std::vector<PeerStatus> peers);
  Clock::duration interval() const;

  Command command_;
  LastUpStamp& stamp_;
  std::function<void()> onRecoveryEnded_;
  SessionWatch sessions_;
  pid_t bird_ = 0;
  std::string version_;
  bool recovering_ = false;        // BIRD may hold exports back (RFC 4724), or did a moment ago
  bool recoveryReported_ = false;  // by BIRD, in the last poll
  bool delayReported_ = false;     // why TCP_NODELAY cannot be set
  Clock::duration longestInterval_ = Clock::duration::max();
  Clock::time_point dueAt_;
  Clock::time_point unsettledAt_;  // BIRD was started, or its protocols changed
  std::optional<Clock::time_point> stampedAt_;
  Clock::time_point listenRetryAt_;
  Clock::time_point recoveryEndsAt_;  // not before
};

}  // namespace bgplb::bird
