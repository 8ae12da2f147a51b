#include "netlink/kernel_mirror.hpp"

#include "base/log.hpp"
#include "netlink/requests.hpp"

#include <boost/asio/post.hpp>

#include <limits>
#include <utility>
#include <variant>

namespace bgplb::netlink {

namespace {

constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();
// Overruns handled in one call. The limit keeps a program that floods netlink from blocking the
// event loop.
constexpr int kOverruns = 8;

}  // namespace

KernelMirror::KernelMirror(boost::asio::io_context& io, core::Instance instance, OnChange onChange,
                           int receiveBuffer, std::optional<std::set<Address>> peers)
    : io_(io),
      onChange_(std::move(onChange)),
      receiveBuffer_(receiveBuffer),
      peers_(std::move(peers)),
      readable_(io),
      reopenTimer_(io),
      mirror_(instance),
      refreshTimer_(io) {}

KernelMirror::~KernelMirror() {
  if (readable_.is_open()) readable_.release();  // monitor_ closes the descriptor
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
    const auto dumped = querySocket_.dump(nextHopDump(link), [&](const nlmsghdr& message) {
      const auto found = parse(message, mirror.instance());
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

void KernelMirror::refreshSoon() {
  stale_ = true;
  resync();
}

void KernelMirror::foldMissed(Mirror& fresh) {
  Changes meanwhile;
  for (const auto& change : *sinceDumpBegan_) fresh.fold(change, meanwhile);
  sinceDumpBegan_->clear();
  verify(fresh, meanwhile);
  stale_ = stale_ || meanwhile.unsure;
}

// Adds the changes on the bridge that this mirror missed.
void KernelMirror::noteMissed(const std::string& bridge, const Mirror& fresh,
                              Changes& missed) const {
  if (Mirror::differ(mirror_, fresh, bridge)) missed.bridges.insert(bridge);
  for (const auto& veth : fresh.vethsOn(bridge)) {
    const Link* before = mirror_.link(veth);
    const bool carrier = fresh.link(veth)->carrier;
    if (before != nullptr && before->carrier != carrier) missed.carriers[veth] = carrier;
  }
}

void KernelMirror::swapWith(Mirror& fresh, Changes missed) {
  missed.hostNetwork = mirror_.addresses() != fresh.addresses();
  pending_.add(std::move(missed));
  std::swap(mirror_, fresh);
  sinceDumpBegan_.reset();
  removing_.clear();
  if (onRefreshed_) onRefreshed_();
  report();
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
