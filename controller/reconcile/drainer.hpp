#pragma once
// Completes the drains in progress: sends the final signal (core/signals.hpp) after DRAIN_DELAY and
// repeats it until dockerd has delivered it. Saves the drains in the state file, because neither
// Docker nor the kernel can report them after a restart of this program. The reconciler owns it and
// calls step() in each of its steps.
//
// Only a container that dockerd has reported on a VIP network in this run of the container gets
// the signal. The state file is written after the routing daemon has confirmed the withdrawals in
// progress, or after kSaveAfter without a confirmation: a disk must not delay a withdrawal.

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
  static constexpr std::size_t kMostInFlight = 8;  // requests to dockerd

  Drainer(core::Facts& facts, Engine& engine, Store& store);

  void onWake(std::function<void()> wake) { wake_ = std::move(wake); }
  // `withdrawing`: the routing daemon has not confirmed every withdrawal yet.
  void step(TimePoint now, bool withdrawing);
  std::optional<TimePoint> due() const;  // the time of the next signal or write
  void saveNow(TimePoint now);           // without waiting for a confirmation

 private:
  using Drains = std::map<ContainerId, core::FormerDrain>;

  const core::Container* terminable(const ContainerId& id) const;
  TimePoint terminationDue(const ContainerId& id, const core::Drain& drain) const;
  void terminate(TimePoint now);
  void onTerminated(const ContainerId& id, const std::string& signal, const Result<void>& sent);
  Drains drainsToSave() const;
  void save(TimePoint now, bool withdrawing);
  void onSaved(const Result<void>& saved);

  core::Facts& facts_;
  Engine& engine_;
  Store& store_;
  std::function<void()> wake_ = [] {};
  std::map<ContainerId, TimePoint> repeatAt_;  // when to request the signal again
  std::set<ContainerId> inFlight_;             // requested, dockerd has not replied yet
  std::set<ContainerId> refused_;  // dockerd did not deliver the signal, which has been logged

  std::optional<Drains> handedOver_ = Drains{};  // last state given to the store; none: it failed
  std::optional<TimePoint> saveAt_;              // when to write; none: no unsaved change
  TimePoint notBefore_{};
  bool urgent_ = false;
  bool saveFailed_ = false;
  Backoff saveBackoff_{kSaveAfter, std::chrono::milliseconds(30'000)};
  std::string storeProblem_;
};

}  // namespace bgplb::reconcile
