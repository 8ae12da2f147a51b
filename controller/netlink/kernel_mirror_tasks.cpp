// The coroutines of KernelMirror: reading the monitor, and dumping in the background.
#include "netlink/kernel_mirror.hpp"

#include "base/backoff.hpp"
#include "io/background.hpp"
#include "io/spawn.hpp"
#include "netlink/dump.hpp"

#include <boost/asio/post.hpp>

#include <chrono>
#include <utility>

namespace bgplb::netlink {

namespace {

constexpr std::size_t kPerTurn = 1024;  // datagrams read before other handlers may run
// Failed dumps in a row, about 8 s, before the failure is logged: while hundreds of containers
// start, it is normal that the kernel's state changes faster than a dump can read it.
constexpr int kQuietFailures = 5;
constexpr std::size_t kComparedPerTurn = 500;  // bridges compared before other handlers may run
constexpr std::chrono::milliseconds kFirstReopen{250};
constexpr std::chrono::milliseconds kLongestReopen{30000};

Error tooFast() { return transient("the kernel's state changes faster than it can be read"); }

}  // namespace

Result<void> KernelMirror::start() {
  if (auto opened = dumpSocket_->open(); !opened) return opened;
  if (auto opened = querySocket_.open(); !opened) return opened;
  // Before the dump, so that no change is missed.
  if (auto opened = monitor_.open(receiveBuffer_, mirror_.instance(), peers_); !opened) {
    return opened;
  }
  ++dumps_;
  auto dumped = dumpAll(*dumpSocket_, mirror_.instance());
  if (!dumped) return dumped.error();
  mirror_ = std::move(*dumped);
  readable_.assign(monitor_.fd());
  catchUp();
  io::spawn(io_.get_executor(), watch(), "netlink monitor");
  return {};
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
  auto opened = monitor_.open(receiveBuffer_, mirror_.instance(), peers_);
  noteProblem(opened);
  if (!opened) return opened;
  readable_.assign(monitor_.fd());
  pending_.hostNetwork = true;
  refreshSoon();
  return {};
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
  std::function<Result<Mirror>()> work = [socket = dumpSocket_, instance = mirror_.instance()] {
    return dumpAll(*socket, instance);
  };
  auto fresh = co_await io::inBackground<Mirror>(std::move(work));
  if (fresh) co_await takeOver(*fresh);
  sinceDumpBegan_.reset();
  if (!fresh) co_return fresh.error();
  // Freeing the old mirror of thousands of networks takes milliseconds, so it runs in the
  // background.
  const auto former = std::make_shared<Mirror>(std::move(*fresh));
  std::function<Result<void>()> release = [former] {
    *former = Mirror(former->instance());
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
    noteMissed(bridge, fresh, missed);
  }
  swapWith(fresh, std::move(missed));
}

}  // namespace bgplb::netlink
