#pragma once
// Keeps BIRD running: adopts a running BIRD, restarts an ended one, kills and replaces a hung one,
// and stops BIRD with the controller. Owns the Daemon, the SessionPoll and the LastUpStamp. Only
// BirdRouting's coroutine calls the functions that send commands, one after the other, so that one
// command is in flight.

#include "base/backoff.hpp"
#include "bird/daemon.hpp"
#include "bird/last_up_stamp.hpp"
#include "bird/options.hpp"
#include "bird/publisher.hpp"
#include "bird/session_poll.hpp"
#include "bird/problem.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace bgplb::bird {

class Supervisor {
 public:
  using Clock = std::chrono::steady_clock;

  struct Timers {
    std::chrono::seconds holdTime{9};
    bool gracefulRestart = true;  // RFC 4724
    std::chrono::seconds gracefulRestartTime{120};
  };

  // `onExit` is called when a ready BIRD has ended, also when it was killed because it hung, but
  // not during shutDown(). bringUp() must be called then.
  Supervisor(boost::asio::io_context& context, const BirdOptions& options, const RunPaths& paths,
             Publisher& publisher, std::function<void()> onExit);

  void setTimers(const Timers& timers);
  // Skips the backoff: the reason why BIRD did not start may no longer exist.
  void startAtOnce() { startAt_ = Clock::time_point{}; }

  bool isReady() const { return daemon_.isReady(); }
  // Adopts or starts a BIRD. If BIRD is not ready afterwards, the result is the time of the next
  // call.
  Task<Clock::time_point> bringUp();
  // Sends a command. An error: BIRD has ended, or it hung and has been killed.
  Task<Result<Reply>> command(std::string line);
  SessionPoll& sessions() { return sessions_; }

  // From now on, waits end after the first third of the time until `end`.
  void beginStop(Clock::time_point end);
  // Stops BIRD according to `mode`, before `end`. To be called when no other function is in
  // progress.
  Task<> shutDown(StopMode mode);

  // Why BIRD does not run; empty: no known problem.
  const std::string& problem() const { return problem_.text(); }

 private:
  struct Stop {
    Clock::time_point begin;
    Clock::time_point end;
    Clock::time_point after(int thirds) const { return begin + thirds * ((end - begin) / 3); }
  };

  Task<Clock::time_point> startBird();
  void onReady(bool recovering);
  void onStartFailed(const Error& error);
  void onBirdEnded();
  Clock::duration startDelay();
  Task<> endBird(bool withdraw);
  std::chrono::milliseconds timeout() const;

  Publisher& publisher_;
  std::function<void()> onExit_;
  Daemon daemon_;
  Problem stampProblem_;
  LastUpStamp stamp_;
  SessionPoll sessions_;
  Problem problem_;

  Timers timers_;
  std::optional<Stop> stop_;
  bool ready_ = false;        // from onReady() to onBirdEnded() or shutDown()
  bool endedBefore_ = false;  // a recent start failed or did not last: the next uses the backoff
  Backoff backoff_;
  Clock::time_point readyAt_;
  Clock::time_point startAt_;  // of the next start, at the earliest
};

}  // namespace bgplb::bird
