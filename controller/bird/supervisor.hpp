#pragma once
// Keeps a BIRD running: adopts one that runs already, starts one that ended, kills one that hangs
// so that it is replaced, and ends it when the program stops. BirdRouting's coroutine calls
// everything here, one thing at a time, so that only one command is in flight.

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

  // `onExit` is called when BIRD has ended without our doing, and bringUp() is due.
  Supervisor(boost::asio::io_context& context, const BirdOptions& options, const RunPaths& paths,
             Publisher& publisher, std::function<void()> onExit);

  void setTimers(const Timers& timers);
  // What kept BIRD from starting may be gone.
  void startAtOnce() { startAt_ = Clock::time_point{}; }

  bool isReady() const { return daemon_.isReady(); }
  // Adopts or starts a BIRD. Returns when it is to be called again, if BIRD is not ready then.
  Task<Clock::time_point> bringUp();
  // An error: BIRD has ended, or it hung and has been killed.
  Task<Result<Reply>> command(std::string line);
  SessionPoll& sessions() { return sessions_; }

  // From now on no wait takes longer than to the end of a third of the time until `end`.
  void beginStop(Clock::time_point end);
  // Ends BIRD in that time as `mode` says. What is under way has ended.
  Task<> shutDown(StopMode mode);

  // Why there is no BIRD; empty: nothing is known to be wrong.
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
  bool ready_ = false;        // onReady(), and no onBirdEnded() since
  bool endedBefore_ = false;  // soon after its start: the next one waits for the backoff
  Backoff backoff_;
  Clock::time_point readyAt_;
  Clock::time_point startAt_;  // not before
};

}  // namespace bgplb::bird
