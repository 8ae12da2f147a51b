#include "reconcile/drainer.hpp"

#include "base/log.hpp"
#include "core/signals.hpp"

#include <algorithm>
#include <utility>

namespace bgplb::reconcile {

Drainer::Drainer(core::Facts& facts, Engine& engine, Store& store)
    : facts_(facts), engine_(engine), store_(store) {}

void Drainer::step(TimePoint now, bool withdrawing) {
  const auto ended = [this](const ContainerId& id) { return !facts_.draining.contains(id); };
  std::erase_if(repeatAt_, [&](const auto& entry) { return ended(entry.first); });
  std::erase_if(refused_, ended);
  terminate(now);
  save(now, withdrawing);
}

// Null: the container gets no signal, or a request is in flight.
const core::Container* Drainer::terminable(const ContainerId& id) const {
  if (!core::isConfirmedBackend(facts_, id)) return nullptr;
  const auto& container = facts_.containers.at(id);
  const bool open = container.drain && container.drain->terminate && !container.drain->terminated;
  return open && !inFlight_.contains(id) ? &container : nullptr;
}

core::TimePoint Drainer::terminationDue(const ContainerId& id, const core::Drain& drain) const {
  const auto repeat = repeatAt_.find(id);
  return repeat == repeatAt_.end() ? drain.terminateAt : repeat->second;
}

void Drainer::terminate(TimePoint now) {
  for (const auto& id : std::set<ContainerId>(facts_.draining)) {
    if (inFlight_.size() >= kMostInFlight) return;  // the next reply wakes the loop
    const auto* container = terminable(id);
    if (container == nullptr || now < terminationDue(id, *container->drain)) continue;
    repeatAt_[id] = now + kRepeatAfter;
    inFlight_.insert(id);
    const int signal = core::finalSignal(*container);
    engine_.terminate(id, signal, [this, id, signal](const Result<void>& sent) {
      onTerminated(id, core::signalName(signal), sent);
    });
  }
}

void Drainer::onTerminated(const ContainerId& id, const std::string& signal,
                           const Result<void>& sent) {
  inFlight_.erase(id);
  wake_();
  const auto found = facts_.containers.find(id);
  if (found == facts_.containers.end() || !found->second.drain) return;
  const std::string& name = found->second.name;
  if (sent) {
    core::drainTerminated(facts_, id);
    urgent_ = true;  // after a crash of this program, the signal must not be sent again
    refused_.erase(id);
    log::info("container {}: drained, {} sent", name, signal);
  } else if (refused_.insert(id).second) {
    log::warning("container {}: drained, but {} cannot be sent: {}; retrying", name, signal,
                 sent.error().message);
  }
}

Drainer::Drains Drainer::drainsToSave() const {
  Drains drains = facts_.formerDrains;
  for (const auto& id : facts_.draining) {
    if (!core::isConfirmedBackend(facts_, id)) continue;
    const auto& container = facts_.containers.at(id);
    drains.insert_or_assign(id, core::FormerDrain{*container.drain, container.startedAt});
  }
  return drains;
}

void Drainer::save(TimePoint now, bool withdrawing) {
  if (std::exchange(saveFailed_, false)) {
    handedOver_.reset();
    notBefore_ = now + saveBackoff_.next();
  }
  auto drains = drainsToSave();
  if (handedOver_ == drains) {
    saveAt_.reset();
    return;
  }
  const bool wait = withdrawing && !urgent_;
  if (!saveAt_ || !wait) saveAt_ = wait ? now + kSaveAfter : now;
  saveAt_ = std::max(*saveAt_, notBefore_);
  if (now < *saveAt_) return;
  saveAt_.reset();
  urgent_ = false;
  store_.saveDrains(drains, [this](const Result<void>& saved) { onSaved(saved); });
  handedOver_ = std::move(drains);
}

void Drainer::saveNow(TimePoint now) {
  urgent_ = true;
  save(now, false);
}

void Drainer::onSaved(const Result<void>& saved) {
  if (saved) {
    saveBackoff_.reset();
    if (!std::exchange(storeProblem_, {}).empty()) log::info("resolved: drains are saved again");
    return;
  }
  saveFailed_ = true;
  if (std::exchange(storeProblem_, saved.error().message) != storeProblem_) {
    log::error(
        "cannot save drains: {}; a crash of the controller would end the drains in progress, "
        "retrying",
        storeProblem_);
  }
  wake_();
}

std::optional<core::TimePoint> Drainer::due() const {
  std::optional<TimePoint> first = saveAt_;
  if (inFlight_.size() >= kMostInFlight) return first;
  for (const auto& id : facts_.draining) {
    const auto* container = terminable(id);
    if (container == nullptr) continue;
    const TimePoint due = terminationDue(id, *container->drain);
    if (!first || due < *first) first = due;
  }
  return first;
}

}  // namespace bgplb::reconcile
