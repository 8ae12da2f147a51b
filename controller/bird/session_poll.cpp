#include "bird/session_poll.hpp"

#include <algorithm>
#include <utility>

namespace bgplb::bird {

using namespace std::chrono_literals;

namespace {

constexpr auto kSettledInterval = 2s;
constexpr auto kUnsettledInterval = 500ms;
// From the end of the recovery until the peers have received our routes and End-of-RIB.
constexpr auto kRecoveryTail = 500ms;
constexpr auto kListenRetry = 3s;

// BIRD 2.0.x may sleep for 3 s although it has work to do, after a session came up or a filter
// changed (fixed in 2.14, commit 6a242b3ec). Any command on its control socket wakes it.
constexpr auto kWakeInterval = 50ms;
constexpr auto kWakeFor = 5s;

bool mayOversleep(const std::string& version) { return version.starts_with("2.0."); }

}  // namespace

SessionPoll::SessionPoll(Command command, LastUpStamp& stamp, NoDelayRunner noDelay,
                         std::function<void()> onRecoveryEnded)
    : command_(std::move(command)),
      stamp_(stamp),
      noDelay_(std::move(noDelay)),
      onRecoveryEnded_(std::move(onRecoveryEnded)) {}

void SessionPoll::birdIsReady(pid_t pid, std::string version, bool recovering) {
  bird_ = pid;
  version_ = std::move(version);
  recovering_ = recovering;
  recoveryReported_ = false;
  sessions_.forget();
  protocolsChanged();
  recoveryEndsAt_ = unsettledAt_;
}

// If sessions were up when BIRD ended, peers keep stale routes (RFC 4724), and the next BIRD needs
// -R.
void SessionPoll::birdEnded() {
  if (sessions_.anyEstablished()) stamp_.refresh();
  sessions_.forget();
}

void SessionPoll::protocolsChanged() {
  unsettledAt_ = Clock::now();
  dueAt_ = unsettledAt_;
}

Task<> SessionPoll::poll() {
  const auto reply = co_await command_("show protocols all \"lb_peer*\"");
  if (!reply) co_return;
  auto peers = parsePeers(*reply);
  const auto now = Clock::now();
  const bool hadSession = sessions_.anyEstablished();
  sessions_.update(peers, now);
  noDelay_.polled(bird_, peers, now);
  keepStamp(hadSession, now);
  if (recovering_) {
    const bool replied = co_await checkRecovery();
    if (!replied) co_return;
  }
  const bool stuck = std::any_of(peers.begin(), peers.end(), cannotListen);
  if (stuck && now >= listenRetryAt_) {
    listenRetryAt_ = now + kListenRetry;
    co_await retryListening(std::move(peers));
  }
  dueAt_ = Clock::now() + interval();
}

void SessionPoll::keepStamp(bool hadSession, Clock::time_point now) {
  if (sessions_.anyEstablished()) {
    if (stampedAt_ && now - *stampedAt_ < kStampInterval) return;
    stamp_.refresh();
    stampedAt_ = now;
  } else if (hadSession) {
    // Only if a session was up. Before the first session is up, peers may still keep stale routes.
    stamp_.clear();
    stampedAt_.reset();
  }
}

// False: no reply.
Task<bool> SessionPoll::checkRecovery() {
  const auto status = co_await command_("show status");
  if (!status) co_return false;
  if (status->has(kRecovering)) {
    recoveryReported_ = true;
  } else if (std::exchange(recoveryReported_, false)) {
    recoveryEndsAt_ = Clock::now() + kRecoveryTail;
  } else if (Clock::now() >= recoveryEndsAt_) {
    recovering_ = false;
    onRecoveryEnded_();
  }
  co_return true;
}

// BIRD disables a protocol after one failed attempt to listen; `restart` has no effect on a
// disabled protocol.
Task<> SessionPoll::retryListening(std::vector<PeerStatus> peers) {
  for (const auto& peer : peers) {
    if (!cannotListen(peer)) continue;
    const auto reply = co_await command_("enable " + peer.name);
    if (!reply) co_return;
  }
}

SessionPoll::Clock::duration SessionPoll::interval() const {
  const auto unsettledAt = std::max(sessions_.lastChange(), unsettledAt_);
  const bool settling = Clock::now() - unsettledAt < kWakeFor;
  if (settling && mayOversleep(version_)) return kWakeInterval;
  if (!sessions_.allEstablished() || recovering_) return kUnsettledInterval;
  return std::min<Clock::duration>(kSettledInterval, longestInterval_);
}

}  // namespace bgplb::bird
