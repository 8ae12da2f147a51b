// RoutingLoop, the other half: that there is a BIRD, and how its sessions are.
#include "base/log.hpp"
#include "bird/no_delay.hpp"
#include "bird/routing_loop.hpp"

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>

namespace bgplb::bird {

using namespace std::chrono_literals;

namespace {

constexpr auto kStartDeadline = 10s;  // reading 100,000 routes takes 0.1 s
constexpr auto kStatusDeadline = 2s;
constexpr auto kExitPatience = 3s;
constexpr auto kTermPatience = 1s;

// Between two starts of a BIRD that does not stay.
constexpr auto kBackoffMin = 1s;
constexpr auto kBackoffMax = 30s;
constexpr auto kStable = 30s;

constexpr std::chrono::milliseconds kLookSteady = 2s;
constexpr auto kLookUnsettled = 500ms;
// The mark is on a disk. Its age is known to this much, and tells whether peers may still wait.
constexpr auto kMarkInterval = 30s;
// From the end of the recovery until the peers have our routes and the word that these are all.
constexpr auto kRecoveryTail = 500ms;
constexpr auto kListenRetry = 3s;

// BIRD 2.0.x may sleep for 3 s with work to do, after a session came up or a filter changed (fixed
// in 2.14, commit 6a242b3ec). Whatever arrives at its socket wakes it.
constexpr auto kPoke = 50ms;
constexpr auto kPokeFor = 5s;

bool mayStall(const std::string& version) { return version.starts_with("2.0."); }

}  // namespace

// ---- is there a BIRD?

Task<> RoutingLoop::bringUp() {
  if (const auto prepared = daemon_.prepare(); !prepared) {
    complain(prepared.error().message);
    co_await sleepUntil(Clock::now() + kBackoffMin);
    co_return;
  }
  const auto adopted = co_await daemon_.adopt(deadline());
  if (!adopted) {
    log::error("routing: {}: the BIRD that was there hung and is killed", adopted.error().message);
  } else if (*adopted) {
    log::info("routing: BIRD {} runs already, pid {}", daemon_.version(), daemon_.pid());
    onReady(StartMode::Recover);  // it may still be at it
  } else if (!daemon_.isAlive()) {
    co_await startBird();
  } else if (!co_await daemon_.exited(kExitPatience)) {
    log::error("routing: BIRD (pid {}) has no control socket any more, killing it", daemon_.pid());
    co_await daemon_.kill();
  }
}

Task<> RoutingLoop::startBird() {
  if (main_.empty()) {
    co_await sleepUntil(Clock::time_point::max());
    co_return;
  }
  const bool recover = model_->gracefulRestart && stamp_.isYoungerThan(model_->gracefulRestartTime + kMarkInterval);
  if (recover && !routesComplete_) {
    // Its first words would be "that is all", and the peers would drop what they kept for us.
    co_await sleepUntil(Clock::now() + kBackoffMin);
    co_return;
  }
  const auto withdrawn = unconfirmed_;
  const auto wanted = desiredFiles();
  dirty_ = false;
  if (const auto written = files_.write(wanted); !written) {
    complain(written.error().message);
    co_await sleepUntil(Clock::now() + kWriteRetry);
    co_return;
  }
  // Without BIRD there is no session. Only peers that wait for its return still have routes.
  if (!recover) {
    confirm(withdrawn);
    nothingIsHeld();
  }
  if (Clock::now() < retryAt_) {
    co_await sleepUntil(retryAt_);
    co_return;
  }
  const auto mode = recover ? StartMode::Recover : StartMode::Fresh;
  const auto started = co_await daemon_.start(mode, kStartDeadline);
  if (!started) {
    onStartRefused(started.error());
    co_return;
  }
  files_.confirm();
  complaint_.clear();
  if (wanted.main == main_) refused_.clear();
  log::info("routing: BIRD {} started, pid {}{}", daemon_.version(), daemon_.pid(),
            recover ? ", recovering its sessions" : "");
  onReady(mode);
  confirm(withdrawn);
}

// It may be the configuration, or anything else; the one that worked is tried before the wait.
void RoutingLoop::onStartRefused(const Error& error) {
  const bool other = files_.confirmed() && files_.onDisk().main != files_.confirmed()->main;
  if (error.kind == ErrorKind::Invalid) refused_ = error.message;
  complain(fmt::format("BIRD does not start: {}", error.message));
  if (other && error.kind == ErrorKind::Invalid) {
    refusedMain_ = files_.onDisk().main;
    if (const auto restored = files_.restore(); !restored) complain(restored.error().message);
    return;
  }
  refusedMain_.clear();
  retryAt_ = Clock::now() + std::max<Clock::duration>(nextDelay(), kBackoffMin);
}

void RoutingLoop::onReady(StartMode mode) {
  ready_ = true;
  readyAt_ = Clock::now();
  recovering_ = mode == StartMode::Recover;
  recoverySeen_ = false;
  recoveryEndsAt_ = readyAt_;
  lookAt_ = readyAt_;
  sessions_.forget();
  if (!dirty_ && !files_.areConfirmed(desiredFiles())) dirty_ = true;
}

// The other side of the pidfd: BIRD is gone, whoever ended it.
void RoutingLoop::onExit() {
  if (!std::exchange(ready_, false)) return;
  if (!stop_) log::error("routing: BIRD is gone, starting it again");
  if (sessions_.anyEstablished() && !stop_) {
    stamp_.refresh();
  }
  sessions_.forget();
  if (Clock::now() - readyAt_ > kStable) backoff_ = 0s;
  retryAt_ = Clock::now() + nextDelay();
  wake();
}

// None the first time.
RoutingLoop::Clock::duration RoutingLoop::nextDelay() {
  const auto delay = backoff_;
  backoff_ = std::clamp<Clock::duration>(backoff_ * 2, kBackoffMin, kBackoffMax);
  return delay;
}

Task<> RoutingLoop::shutDown() {
  ready_ = false;
  if (stop_ == StopMode::LeaveRunning) co_return;
  if (!daemon_.isReady()) (void)co_await daemon_.adopt(kStatusDeadline);  // is there one at all?
  const bool withdraw = stop_ == StopMode::Withdraw;
  // What peers keep is what they were told last.
  if (!withdraw && dirty_ && daemon_.isReady() && routesComplete_ && !main_.empty()) {
    co_await reconfigure();
  }
  if (withdraw) {
    stamp_.clear();
  } else if (sessions_.anyEstablished()) {
    stamp_.refresh();
  }
  if (daemon_.isAlive()) {
    // The reply may be lost with the connection; the end of the process is what counts.
    const std::string line = withdraw ? "down" : "graceful restart";
    (void)co_await daemon_.control().command(line, kStatusDeadline);
    bool gone = co_await daemon_.exited(kExitPatience);
    if (!gone && withdraw) {
      daemon_.signal(SIGTERM);
      gone = co_await daemon_.exited(kTermPatience);
    }
    if (!gone) {
      log::error("routing: BIRD (pid {}) does not end, killing it", daemon_.pid());
      co_await daemon_.kill();
    }
  }
  (void)co_await stamp_.saved(Clock::now() + kTermPatience);
  if (!withdraw) co_return;
  wanted_.clear();
  recovering_ = false;
  const auto all = unconfirmed_;
  confirm(all);
  nothingIsHeld();
}

// ---- how are its sessions?

Task<> RoutingLoop::look() {
  const auto reply = co_await command("show protocols all \"lb_peer*\"");
  if (!reply) co_return;
  auto peers = parsePeers(*reply);
  const auto now = Clock::now();
  const bool hadSession = sessions_.anyEstablished();
  sessions_.update(peers, now);
  if (sessions_.anyEstablished()) {
    ensureNoDelay();
    if (now - markedAt_ >= kMarkInterval) {
      stamp_.refresh();
      markedAt_ = now;
    }
  } else if (hadSession) {
    stamp_.clear();  // only then: sessions that are not yet back have peers that wait for them
    markedAt_ = Clock::time_point{};
  }
  if (recovering_) {
    const auto status = co_await command("show status");
    if (!status) co_return;
    if (status->has(kRecovering)) {
      recoverySeen_ = true;
    } else if (std::exchange(recoverySeen_, false)) {
      recoveryEndsAt_ = Clock::now() + kRecoveryTail;
    } else if (Clock::now() >= recoveryEndsAt_) {
      recovering_ = false;
      confirm(std::exchange(recoveringWithdrawn_, {}));
      nothingIsHeld();
    }
  }
  const bool stuck = std::any_of(peers.begin(), peers.end(), cannotListen);
  if (stuck && now >= listenRetryAt_) {
    listenRetryAt_ = now + kListenRetry;
    co_await retryListening(std::move(peers));
  }
  lookAt_ = Clock::now() + lookInterval();
}

// At every look: a session may have been replaced between two of them.
void RoutingLoop::ensureNoDelay() {
  const auto set = setNoDelay(daemon_.pid());
  if (set || !daemon_.isAlive() || std::exchange(delayTold_, true)) return;
  log::warning("routing: what BIRD sends may wait for a router's acknowledgement: {}", set.error().message);
}

// BIRD tries once and then disables the protocol, so that `restart` would do nothing.
Task<> RoutingLoop::retryListening(std::vector<PeerStatus> peers) {
  for (const auto& peer : peers) {
    if (!cannotListen(peer)) continue;
    const auto reply = co_await command("enable " + peer.name);
    if (!reply) co_return;
  }
}

RoutingLoop::Clock::duration RoutingLoop::lookInterval() const {
  const auto unsettledAt = std::max({sessions_.lastChange(), readyAt_, mainChangedAt_});
  const bool settling = Clock::now() - unsettledAt < kPokeFor;
  if (settling && mayStall(daemon_.version())) return kPoke;
  if (!sessions_.allEstablished() || recovering_) return kLookUnsettled;
  // A look is also how a hang is noticed: see deadline().
  return std::min<Clock::duration>(
      kLookSteady, model_ ? std::chrono::milliseconds(model_->holdTime) / 9 : kLookSteady);
}

Task<Result<RoutingStatus>> RoutingLoop::status(std::shared_ptr<RoutingLoop> self) {
  // A connection of its own: a long answer must not hold up a change.
  ControlClient client(self->context_);
  const auto connected = co_await client.connect(self->paths_.control, kStatusDeadline);
  if (!connected) {
    co_return self->complaint_.empty() ? connected.error() : unavailable(self->complaint_);
  }
  RoutingStatus status;
  status.version = client.version();
  status.pid = client.listener().value_or(0);
  status.refused = self->refused_;
  status.reconfigurations = self->reconfigurations_;
  const auto general = co_await client.command("show status", kStatusDeadline);
  if (!general) co_return general.error();
  status.recovering = general->has(kRecovering);
  const auto protocols =
      co_await client.command("show protocols all \"lb_peer*\"", kStatusDeadline);
  if (!protocols) co_return protocols.error();
  status.peers = parsePeers(*protocols);
  for (auto& peer : status.peers) {
    if (!peer.isEstablished()) continue;
    const auto routes = co_await client.command("show route export " + peer.name, kStatusDeadline);
    if (!routes) co_return routes.error();
    peer.exported = parseExported(*routes);
  }
  co_return status;
}

}  // namespace bgplb::bird
