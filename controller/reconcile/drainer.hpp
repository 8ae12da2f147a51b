#pragma once
// Drains under way: sends SIGTERM when it is due, repeats it until dockerd has delivered it, and
// keeps the drains in the state file, because after a restart of this program nobody could report
// them again.
//
// SIGTERM goes only to a container that dockerd has confirmed, in this run of the container, to be
// on a VIP network. The state file is written after the routing daemon has confirmed the
// withdrawals that are under way, or kSaveAfter later if it does not: a disk must not delay a
// withdrawal.

#include "base/backoff.hpp"
#include "core/fold_containers.hpp"
#include "reconcile/ports.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace bgplb::reconcile {

class Drainer {
 public:
  using TimePoint = core::TimePoint;
  static constexpr std::chrono::milliseconds kSaveAfter{1000};
  static constexpr std::chrono::milliseconds kRepeatAfter{1000};
  static constexpr std::size_t kMostInFlight = 8;  // SIGTERM requests to dockerd

  Drainer(core::Facts& facts, Engine& engine, Store& store);

  void onWake(std::function<void()> wake) { wake_ = std::move(wake); }
  // `withdrawing`: the routing daemon has not confirmed every withdrawal yet.
  void step(TimePoint now, bool withdrawing);
  std::optional<TimePoint> due() const;  // of the next SIGTERM or write
  void saveNow(TimePoint now);           // what waits for a confirmation

 private:
  using Drains = std::map<ContainerId, core::FormerDrain>;

  const core::Container* terminable(const ContainerId& id) const;
  TimePoint terminationDue(const ContainerId& id, const core::Drain& drain) const;
  void terminate(TimePoint now);
  void onTerminated(const ContainerId& id, const Result<void>& sent);
  Drains drainsToSave() const;
  void save(TimePoint now, bool withdrawing);
  void onSaved(const Result<void>& saved);

  core::Facts& facts_;
  Engine& engine_;
  Store& store_;
  std::function<void()> wake_ = [] {};
  std::map<ContainerId, TimePoint> repeatAt_;  // SIGTERM was requested before
  std::set<ContainerId> inFlight_;             // dockerd has not answered yet
  std::set<ContainerId> refused_;  // dockerd did not deliver SIGTERM, and that was logged

  std::optional<Drains> handedOver_ = Drains{};  // to the store, last; none: it failed
  std::optional<TimePoint> saveAt_;              // the drains differ from that
  TimePoint notBefore_{};
  bool urgent_ = false;
  bool saveFailed_ = false;
  Backoff saveBackoff_{kSaveAfter, std::chrono::milliseconds(30'000)};
  std::string storeProblem_;
};

}  // namespace bgplb::reconcile
