#include "bird/no_delay_runner.hpp"

#include "base/log.hpp"
#include "io/process.hpp"
#include "io/spawn.hpp"
#include "io/task.hpp"

#include <map>
#include <tuple>
#include <utility>

namespace bgplb::bird {

namespace {

using namespace std::chrono_literals;

constexpr auto kDeadline = 10s;  // it needs milliseconds of CPU time, but has no real-time priority

}  // namespace

struct NoDelayRunner::State {
  State(boost::asio::any_io_executor loop, std::string path)
      : executor(std::move(loop)), program(std::move(path)) {}

  using Session = std::tuple<pid_t, std::string, std::string>;  // BIRD, protocol, start
  struct Progress {
    Clock::time_point found;
    int runs = 0;  // runs that began after the session's start and have ended

    bool isDue(Clock::time_point now) const {
      return runs == 0 || (runs == 1 && now - found >= kAgain);
    }
  };

  boost::asio::any_io_executor executor;
  std::string program;
  std::map<Session, Progress> sessions;  // the established ones
  bool running = false;
  bool reported = false;  // logged that TCP_NODELAY cannot be set

  static Task<> run(std::shared_ptr<State> self, pid_t bird, std::vector<Session> due);
  void failed(const std::string& reason);
};

NoDelayRunner::NoDelayRunner(boost::asio::any_io_executor executor, std::string program)
    : state_(std::make_shared<State>(std::move(executor), std::move(program))) {}

void NoDelayRunner::polled(pid_t bird, const std::vector<PeerStatus>& peers,
                           Clock::time_point now) {
  std::map<State::Session, State::Progress> present;
  std::vector<State::Session> due;
  for (const auto& peer : peers) {
    if (!peer.isEstablished()) continue;
    const State::Session session{bird, peer.name, peer.since};
    const auto before = state_->sessions.find(session);
    const auto progress =
        before == state_->sessions.end() ? State::Progress{.found = now} : before->second;
    if (progress.isDue(now)) due.push_back(session);
    present.emplace(session, progress);
  }
  state_->sessions = std::move(present);
  if (due.empty() || std::exchange(state_->running, true)) return;
  io::spawn(state_->executor, State::run(state_, bird, std::move(due)), "no-delay");
}

Task<> NoDelayRunner::State::run(std::shared_ptr<State> self, pid_t bird,
                                 std::vector<Session> due) {
  io::Command command{.argv = {self->program, "no-delay", std::to_string(bird)}, .input = {}};
  command.deadline = kDeadline;
  const auto ended = co_await io::run(std::move(command));
  self->running = false;
  if (!ended) {  // the next poll runs the command again
    self->failed(ended.error().message);
    co_return;
  }
  for (const auto& session : due) {
    const auto known = self->sessions.find(session);
    if (known != self->sessions.end()) ++known->second.runs;
  }
  if (ended->status != 0) self->failed(io::errorText(*ended));
}

void NoDelayRunner::State::failed(const std::string& reason) {
  if (std::exchange(reported, true)) return;
  log::warning(
      "bird: cannot set TCP_NODELAY on BIRD's sessions: {}; an IPv6 UPDATE may be delayed by one "
      "delayed ACK",
      reason);
}

}  // namespace bgplb::bird
