#pragma once
// Runs `bgplb no-delay PID` when BIRD has a new session (no_delay.hpp). SessionPoll calls it after
// each poll. The command runs beside the coroutine that drives BIRD, so no withdrawal waits for it.

#include "bird/status.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

namespace bgplb::bird {

class NoDelayRunner {
 public:
  using Clock = std::chrono::steady_clock;

  // A session is known by the time of its start, which BIRD reports in seconds. A session that
  // starts within the same second as the previous one is not noticed, so the command runs again
  // this long after the first time.
  static constexpr std::chrono::seconds kAgain{1};

  // `program`: the path of bgplb.
  NoDelayRunner(boost::asio::any_io_executor executor, std::string program);

  // The sessions of BIRD at `now`.
  void polled(pid_t bird, const std::vector<PeerStatus>& peers, Clock::time_point now);

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the coroutine that runs the command
};

}  // namespace bgplb::bird
