#include "netlink/kernel_mirror.hpp"

#include "base/backoff.hpp"
#include "base/log.hpp"
#include "io/background.hpp"
#include "io/spawn.hpp"
#include "netlink/dump.hpp"
#include "netlink/requests.hpp"

#include <boost/asio/post.hpp>

#include <chrono>
#include <limits>
#include <utility>
#include <variant>

namespace bgplb::netlink {

namespace {

constexpr std::size_t kPerTurn = 1024;  // datagrams read before other handlers may run
constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();
// Overruns handled in one call. The limit keeps a program that floods netlink from blocking the
// event loop.
constexpr int kOverruns = 8;
// Failed dumps in a row, about 8 s, before the failure is logged: while hundreds of containers
// start, it is normal that the kernel's state changes faster than a dump can read it.
constexpr int kQuietFailures = 5;
constexpr std::size_t kComparedPerTurn = 500;  // bridges compared before other handlers may run
constexpr std::chrono::milliseconds kFirstReopen{250};
constexpr std::chrono::milliseconds kLongestReopen{30000};

Error tooFast() { return transient("the kernel's state changes faster than it can be read"); }

}  // namespace

KernelMirror::KernelMirror(boost::asio::io_context& io, OnChange onChange, int receiveBuffer,
                           std::optional<std::set<Address>> peers)
    : io_(io),
      onChange_(std::move(onChange)),
      receiveBuffer_(receiveBuffer),
      peers_(std::move(peers)),
      readable_(io),
      reopenTimer_(io),
      refreshTimer_(io) {}

KernelMirror::~KernelMirror() {
  if (readable_.is_open()) readable_.release();  // monitor_ closes the descriptor
}

Result<void> KernelMirror::start() {
  if (auto opened = dumpSocket_->open(); !opened) return opened;
  if (auto opened = querySocket_.open(); !opened) return opened;
  // Before the dump, so that no change is missed.
  if (auto opened = monitor_.open(receiveBuffer_, peers_); !opened) return opened;
  ++dumps_;
  auto dumped = dumpAll(*dumpSocket_);
  if (!dumped) return dumped.error();
  mirror_ = std::move(*dumped);
  readable_.assign(monitor_.fd());
  catchUp();
  io::spawn(io_.get_executor(), watch(), "netlink monitor");
  return {};
}

void KernelMirror::fold(const Notification& change, Changes& changes) {
  if (const auto* link = std::get_if<Link>(&change.object); link != nullptr) {
    if (change.change == Change::Removed) {
      removing_.erase(link->index);
    } else if (removing_.contains(link->index)) {
      return;  // a link that is being removed is first reported as down
    }
  }
  mirror_.fold(change, changes);
  if (sinceDumpBegan_) sinceDumpBegan_->push_back(change);
}

// False: the monitor has failed.
bool KernelMirror::drain(std::size_t limit, Changes& changes) {
  bool lost = false;
  // After an overrun, the kernel drops messages until the socket's queue is empty.
  for (int attempt = 0; attempt < kOverruns; ++attempt) {
    const auto drained =
        monitor_.drain(limit, [&](const Notification& change) { fold(change, changes); });
    if (!drained) {
      noteProblem(drained.error());
      return false;
    }
    if (*drained != Monitor::Drained::Overrun) break;
    lost = true;
  }
  // Foreign routes are not mirrored, so a dump cannot show whether one of them changed.
  if (lost) pending_.hostNetwork = true;
  verify(mirror_, changes);
  if (std::exchange(changes.unsure, false) || lost) refreshSoon();
  return true;
}

void KernelMirror::verify(Mirror& mirror, Changes& changes) {
  for (const int link : std::exchange(changes.doubtfulLinks, {})) {
    std::set<std::uint32_t> ids;
    const auto dumped = querySocket_.dump(nextHopDump(link), [&ids](const nlmsghdr& message) {
      const auto found = parse(message);
      const auto* hop = found ? std::get_if<NextHop>(&found->object) : nullptr;
      if (hop != nullptr) ids.insert(hop->id);
    });
    if (dumped) {
      mirror.keepNextHops(link, ids, changes);
    } else {
      changes.unsure = true;
    }
  }
}

void KernelMirror::verifyNextHops(const std::string& bridge) {
  const Link* link = mirror_.link(bridge);
  if (link == nullptr) return;
  pending_.doubtfulLinks.insert(link->index);
  verify(mirror_, pending_);
  report();
}

void KernelMirror::catchUp() {
  if (!drain(kNoLimit, acting_ ? changesDuringAction_ : pending_)) {
    monitorFailed_ = true;
    readable_.cancel();  // watch() opens the monitor again
  }
  report();
}

Task<> KernelMirror::watch() {
  Backoff backoff(kFirstReopen, kLongestReopen);
  while (true) {
    const auto [error] =
        co_await readable_.async_wait(boost::asio::posix::stream_descriptor::wait_read, asTuple);
    if (error && !monitorFailed_) co_return;
    monitorFailed_ = monitorFailed_ || !drain(kPerTurn, pending_);
    // A failed socket stays readable: waiting on it again would be a busy loop.
    while (monitorFailed_) {
      reopenTimer_.expires_after(backoff.next());
      co_await reopenTimer_.async_wait(asTuple);
      if (reopenMonitor()) monitorFailed_ = false;
    }
    backoff.reset();
    deliver();
  }
}

Result<void> KernelMirror::reopenMonitor() {
  if (readable_.is_open()) readable_.release();
  auto opened = monitor_.open(receiveBuffer_, peers_);
  noteProblem(opened);
  if (!opened) return opened;
  readable_.assign(monitor_.fd());
  pending_.hostNetwork = true;
  refreshSoon();
  return {};
}

void KernelMirror::refreshSoon() {
  stale_ = true;
  resync();
}

void KernelMirror::resync() {
  if (std::exchange(refreshing_, true)) return;
  io::spawn(io_.get_executor(), refresh(), "netlink refresh");
}

Task<> KernelMirror::refresh() {
  int failures = 0;
  do {
    refreshTimer_.expires_at(pacer_.notBefore());
    co_await refreshTimer_.async_wait(asTuple);
    const auto began = RefreshPacer::Clock::now();
    const bool wasStale = std::exchange(stale_, false);
    auto outcome = co_await refreshOnce();
    if (outcome && stale_) outcome = tooFast();
    pacer_.finished(began, RefreshPacer::Clock::now(), outcome.has_value());
    stale_ = stale_ || (wasStale && !outcome);
    failures = outcome ? 0 : failures + 1;
    if (outcome || failures >= kQuietFailures) noteProblem(outcome);
  } while (stale_);
  refreshing_ = false;
}

// A dump plus all notifications received since the dump began is a correct mirror, because the last
// message about an object shows the object's state. If notifications were lost meanwhile, the new
// mirror is no worse than the old one, which lacks them as well.
Task<Result<void>> KernelMirror::refreshOnce() {
  ++dumps_;
  sinceDumpBegan_.emplace();
  std::function<Result<Mirror>()> work = [socket = dumpSocket_] { return dumpAll(*socket); };
  auto fresh = co_await io::inBackground<Mirror>(std::move(work));
  if (fresh) co_await takeOver(*fresh);
  sinceDumpBegan_.reset();
  if (!fresh) co_return fresh.error();
  removing_.clear();
  if (onRefreshed_) onRefreshed_();
  report();
  // Freeing the old mirror of thousands of networks takes milliseconds, so it runs in the
  // background.
  const auto former = std::make_shared<Mirror>(std::move(*fresh));
  std::function<Result<void>()> release = [former] {
    *former = Mirror{};
    return Result<void>{};
  };
  co_await io::inBackground<void>(std::move(release));
  co_return Result<void>{};
}

// Reports the changes that the old mirror missed, then swaps the mirror with `fresh`. Compares at
// most kComparedPerTurn bridges per turn of the event loop; meanwhile, notifications are folded
// into both mirrors.
Task<> KernelMirror::takeOver(Mirror& fresh) {
  std::set<std::string> bridges = mirror_.bridges();
  bridges.insert(fresh.bridges().begin(), fresh.bridges().end());
  Changes missed;
  std::size_t compared = 0;
  foldMissed(fresh);
  for (const auto& bridge : bridges) {
    if (++compared % kComparedPerTurn == 0) {
      co_await boost::asio::post(io_, boost::asio::use_awaitable);
      foldMissed(fresh);
    }
    if (Mirror::differ(mirror_, fresh, bridge)) missed.bridges.insert(bridge);
    for (const auto& veth : fresh.vethsOn(bridge)) {
      const Link* before = mirror_.link(veth);
      const bool carrier = fresh.link(veth)->carrier;
      if (before != nullptr && before->carrier != carrier) missed.carriers[veth] = carrier;
    }
  }
  missed.hostNetwork = mirror_.addresses() != fresh.addresses();
  pending_.add(std::move(missed));
  std::swap(mirror_, fresh);
}

void KernelMirror::foldMissed(Mirror& fresh) {
  Changes meanwhile;
  for (const auto& change : *sinceDumpBegan_) fresh.fold(change, meanwhile);
  sinceDumpBegan_->clear();
  verify(fresh, meanwhile);
  stale_ = stale_ || meanwhile.unsure;
}

void KernelMirror::noteProblem(const Result<void>& outcome) {
  const std::string problem = outcome ? "" : outcome.error().message;
  if (problem == problem_) return;
  if (problem.empty()) {
    log::info("resolved: netlink: {}", problem_);
  } else {
    log::warning("netlink: {}; keeping the last known state of the kernel, trying again", problem);
  }
  problem_ = problem;
}

void KernelMirror::beginAction(const std::string& bridge) {
  expected_.try_emplace(bridge, mirror_.observe(bridge));
  acting_ = true;
}

void KernelMirror::endAction(const std::string& bridge, const core::Action* done) {
  catchUp();
  acting_ = false;
  if (changesDuringAction_.bridges.erase(bridge) > 0) own_.insert(bridge);
  pending_.add(std::exchange(changesDuringAction_, {}));
  if (done != nullptr) {
    auto& expected = expected_.at(bridge);
    expected = core::applied(std::move(expected), *done);
  }
  report();
}

void KernelMirror::assumeRemoved(const Link& link) {
  fold({Change::Removed, link}, acting_ ? changesDuringAction_ : pending_);
  removing_.insert(link.index);
}

void KernelMirror::report() {
  if (pending_.empty() && expected_.empty()) return;
  if (std::exchange(posted_, true)) return;
  boost::asio::post(io_, [this] {
    posted_ = false;
    deliver();
  });
}

// Compares once for all actions of a turn of the event loop. A comparison after each action would
// make a bridge with n backends cost O(n^2).
void KernelMirror::deliver() {
  for (const auto& bridge : std::exchange(own_, {})) {
    if (mirror_.observe(bridge) != expected_.at(bridge)) pending_.bridges.insert(bridge);
  }
  expected_.clear();
  if (pending_.empty()) return;
  const Changes changes = std::exchange(pending_, {});
  if (onChange_) onChange_(changes);
}

}  // namespace bgplb::netlink
