#include "bird/supervisor.hpp"

#include "base/log.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <utility>

namespace bgplb::bird {

using namespace std::chrono_literals;

namespace {

constexpr auto kStartTimeout = 10s;  // reading 100,000 routes takes 0.1 s
constexpr auto kSocketTimeout = 3s;  // a BIRD that shuts down has removed its control socket
constexpr auto kMinTimeout = 330ms;
constexpr auto kTimeoutPerRoute = 10us;  // BIRD reads 1,000 routes in 0.7 ms, and may be busy
constexpr auto kRetry = 1s;              // a file cannot be written, routes are not complete

// The delay between two starts of a BIRD that ends within kStable.
constexpr auto kBackoffMin = 1s;
constexpr auto kBackoffMax = 30s;
constexpr auto kStable = 30s;

io::BackgroundFile::Options stampFile(const BirdOptions& options, const RunPaths& paths) {
  return {.path = options.sessionsFile.empty() ? paths.sessions : options.sessionsFile};
}

}  // namespace

Supervisor::Supervisor(boost::asio::io_context& context, const BirdOptions& options,
                       const RunPaths& paths, Publisher& publisher, std::function<void()> onExit)
    : publisher_(publisher),
      onExit_(std::move(onExit)),
      daemon_(context, options.birdBinary, paths, [this] { onBirdEnded(); }),
      stamp_(context.get_executor(), stampFile(options, paths),
             [this](const Result<void>& saved) {
               if (!saved) return stampProblem_.report(saved.error().message);
               stampProblem_.resolve("the time of the last session is saved");
             }),
      sessions_([this](std::string line) { return command(std::move(line)); }, stamp_,
                NoDelayRunner(context.get_executor(), options.program),
                [this] { publisher_.recoveryEnded(); }),
      backoff_(kBackoffMin, kBackoffMax) {
  setTimers(timers_);
  // When the whole plugin was killed, dockerd has removed the run directory with the route files,
  // so the announced prefixes are not known.
  if (!publisher_.hasFormerFiles() && stamp_.isOfThisBoot()) publisher_.peersMayHoldAnything();
}

// A hung BIRD sends no keepalives, so it must be replaced within a third of the hold time: one
// ninth until the next poll, one ninth for the reply to the poll (timeout()), one ninth for the
// start of the new BIRD.
void Supervisor::setTimers(const Timers& timers) {
  timers_ = timers;
  sessions_.setLongestInterval(std::chrono::milliseconds(timers.holdTime) / 9);
}

std::chrono::milliseconds Supervisor::timeout() const {
  const auto routes = static_cast<std::int64_t>(publisher_.routeCount());
  return std::max<std::chrono::milliseconds>(std::chrono::milliseconds(timers_.holdTime) / 9,
                                             kMinTimeout) +
         std::chrono::duration_cast<std::chrono::milliseconds>(kTimeoutPerRoute * routes);
}

Task<Result<Reply>> Supervisor::command(std::string line) {
  auto reply = co_await daemon_.control().command(line, timeout());
  // During a stop the wait is shortened, so a missing reply does not prove a hang. shutDown() ends
  // BIRD.
  if (!reply && reply.error().kind == ErrorKind::Transient && !stop_) {
    log::error("bird: {}: BIRD hangs, killing it (pid {})", reply.error().message, daemon_.pid());
    co_await daemon_.kill();
  }
  co_return reply;
}

// ---- adopt or start

Task<Supervisor::Clock::time_point> Supervisor::bringUp() {
  if (const auto prepared = daemon_.prepare(); !prepared) {
    problem_.report(prepared.error().message);
    co_return Clock::now() + kRetry;
  }
  const auto adopted = co_await daemon_.adopt(timeout());
  if (stop_) co_return Clock::time_point{};
  if (!adopted) {
    log::error("bird: {}: the running BIRD hangs, killing it (pid {})", adopted.error().message,
               daemon_.pid());
    co_await daemon_.kill();
    co_return Clock::time_point{};
  }
  if (*adopted) {
    log::info("bird: BIRD {} runs already, pid {}", daemon_.version(), daemon_.pid());
    publisher_.adopted();
    onReady(true);  // its recovery may still be in progress
    co_return Clock::time_point{};
  }
  if (!daemon_.isAlive()) co_return co_await startBird();
  const bool ended = co_await daemon_.exited(kSocketTimeout);
  if (!ended && !stop_) {
    log::error("bird: BIRD (pid {}) has no control socket any more, killing it", daemon_.pid());
    co_await daemon_.kill();
  }
  co_return Clock::time_point{};
}

Task<Supervisor::Clock::time_point> Supervisor::startBird() {
  if (!publisher_.hasMainFile()) co_return Clock::time_point::max();
  const bool recover = timers_.gracefulRestart && stamp_.isYoungerThan(timers_.gracefulRestartTime +
                                                                       SessionPoll::kStampInterval);
  // With incomplete routes BIRD would send End-of-RIB too early, and the peers would flush the
  // stale routes that are not announced yet.
  if (recover && !publisher_.areRoutesComplete()) co_return Clock::now() + kRetry;
  if (!publisher_.writeFiles()) co_return Clock::now() + kRetry;
  if (!recover) publisher_.noSessionIsUp();
  if (Clock::now() < startAt_) co_return startAt_;

  const auto mode = recover ? StartMode::Recover : StartMode::Fresh;
  const auto started = co_await daemon_.start(mode, kStartTimeout);
  if (!started) {
    if (!stop_) onStartFailed(started.error());
    co_return Clock::time_point{};
  }
  log::info("bird: BIRD {} started, pid {}{}", daemon_.version(), daemon_.pid(),
            recover ? ", graceful-restart recovery begins" : "");
  publisher_.started(recover);
  onReady(recover);
  co_return Clock::time_point{};
}

// If the configuration may be the reason, the last accepted main file is tried without delay.
void Supervisor::onStartFailed(const Error& error) {
  problem_.report(fmt::format("BIRD does not start: {}", error.message));
  if (publisher_.refusedAtStart(error)) return;
  startAt_ = Clock::now() + std::max<Clock::duration>(startDelay(), kBackoffMin);
}

void Supervisor::onReady(bool recovering) {
  ready_ = true;
  readyAt_ = Clock::now();
  problem_.resolve("BIRD runs");
  sessions_.birdIsReady(daemon_.pid(), daemon_.version(), recovering);
}

// Called by the pidfd's handler, whatever ended BIRD.
void Supervisor::onBirdEnded() {
  if (!std::exchange(ready_, false)) return;
  if (!stop_) log::error("bird: BIRD has ended, starting it again");
  sessions_.birdEnded();
  if (Clock::now() - readyAt_ > kStable) {
    endedBefore_ = false;
    backoff_.reset();
  }
  startAt_ = Clock::now() + startDelay();
  onExit_();
}

// No delay the first time.
Supervisor::Clock::duration Supervisor::startDelay() {
  if (!std::exchange(endedBefore_, true)) return Clock::duration{0};
  return backoff_.next();
}

// ---- stop

// One third for a command or start in progress, one third for closing the sessions and the end of
// BIRD, one third for signals.
void Supervisor::beginStop(Clock::time_point end) {
  stop_ = Stop{Clock::now(), end};
  daemon_.limitWaits(stop_->after(1));
}

Task<> Supervisor::shutDown(StopMode mode) {
  ready_ = false;
  if (mode == StopMode::LeaveRunning) co_return;
  const bool withdraw = mode == StopMode::Withdraw;
  // A BIRD of a previous controller may run although this controller has not adopted it yet.
  if (!daemon_.isAlive()) (void)co_await daemon_.adopt(timeout());
  // Peers keep the last routes that they received, so pending changes must be sent now.
  if (!withdraw && daemon_.isReady() && publisher_.due() != Clock::time_point::max() &&
      Clock::now() < stop_->after(1)) {
    (void)co_await publisher_.publish();
  }
  if (withdraw) {
    stamp_.clear();
  } else if (sessions_.anyEstablished()) {
    stamp_.refresh();
  }
  co_await endBird(withdraw);
  if (withdraw) publisher_.sessionsClosed();
  const bool saved = co_await stamp_.saved(stop_->end);
  if (!saved) {
    log::warning(
        "bird: stopping before the time of the last session is saved; the next start of BIRD uses "
        "an older time");
  }
}

Task<> Supervisor::endBird(bool withdraw) {
  if (!daemon_.isAlive()) co_return;
  bool ended = false;
  daemon_.limitWaits(stop_->after(2));
  if (daemon_.isReady()) {
    // The reply may be lost with the connection, so the end of the process is checked instead.
    const std::string line = withdraw ? "down" : "graceful restart";
    (void)co_await daemon_.control().command(line, kStartTimeout);
    ended = co_await daemon_.exited(kStartTimeout);
  }
  daemon_.limitWaits(stop_->end);
  // SIGTERM makes BIRD withdraw its routes, like `down`, so it is sent only to withdraw. SIGKILL
  // closes the sessions without a NOTIFICATION, like `graceful restart`.
  if (!ended && withdraw) {
    daemon_.signal(SIGTERM);
    ended = co_await daemon_.exited(
        std::chrono::duration_cast<std::chrono::milliseconds>(stop_->end - Clock::now()) / 2);
  }
  if (ended) co_return;
  log::error("bird: BIRD (pid {}) does not end, killing it", daemon_.pid());
  co_await daemon_.kill();
}

}  // namespace bgplb::bird
