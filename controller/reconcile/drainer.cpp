#include "reconcile/drainer.hpp"

#include "base/log.hpp"

#include <utility>

namespace bgplb::reconcile {

namespace {

constexpr std::chrono::milliseconds kRetry{1000};

}  // namespace

Drainer::Drainer(core::Facts& facts, Engine& engine, Store& store)
    : facts_(facts), engine_(engine), store_(store) {}

void Drainer::add(const ContainerId& id) {
  draining_.try_emplace(id);
  changed_ = true;
}

void Drainer::resume(std::map<ContainerId, core::FormerDrain> drains) {
  for (const auto& [id, former] : drains) draining_.try_emplace(id, former.startedAt);
  facts_.formerDrains = std::move(drains);
}

// A drained container is kept in mind until it has ended or started anew, terminated or not.
bool Drainer::isOver(const ContainerId& id) const {
  if (facts_.formerDrains.count(id) > 0) return facts_.engineAsked;  // it was not in the full list
  const auto found = facts_.containers.find(id);
  return found == facts_.containers.end() || !found->second.drain ||
         found->second.run == core::RunState::Stopped;
}

void Drainer::step(TimePoint now) {
  for (auto id = draining_.begin(); id != draining_.end();) {
    if (isOver(id->first)) {
      facts_.formerDrains.erase(id->first);
      refused_.erase(id->first);
      id = draining_.erase(id);
      changed_ = true;
      continue;
    }
    noteRun(id->first, id->second);
    terminate(id->first, now);
    ++id;
  }
  if (std::exchange(changed_, false)) save();
}

// A drain may begin before the engine has said which run it is: then it is written again.
void Drainer::noteRun(const ContainerId& id, std::string& written) {
  const auto found = facts_.containers.find(id);
  if (found == facts_.containers.end() || !found->second.drain) return;
  if (found->second.startedAt == written) return;
  written = found->second.startedAt;
  changed_ = true;
}

void Drainer::terminate(const ContainerId& id, TimePoint now) {
  const auto found = facts_.containers.find(id);
  if (found == facts_.containers.end() || !found->second.drain) return;
  core::Drain& drain = *found->second.drain;
  if (!drain.terminate || drain.terminated || now < drain.terminateAt) return;
  drain.terminateAt = now + kRetry;
  if (!asking_.insert(id).second) return;
  engine_.terminate(id, [this, id](const Result<void>& sent) { onTerminated(id, sent); });
}

void Drainer::onTerminated(const ContainerId& id, const Result<void>& sent) {
  asking_.erase(id);
  const auto found = facts_.containers.find(id);
  if (found == facts_.containers.end() || !found->second.drain) return;
  found->second.drain->terminated = sent.has_value();
  changed_ = true;
  const std::string& name = found->second.name;
  if (sent) {
    refused_.erase(id);
    log::info("container {}: drained, SIGTERM sent", name);
  } else if (refused_.insert(id).second) {
    log::warning("container {}: drained, but SIGTERM cannot be sent: {}; trying again", name,
                 sent.error().message);
  }
}

std::optional<core::TimePoint> Drainer::due() const {
  std::optional<TimePoint> first;
  for (const auto& [id, written] : draining_) {
    const auto found = facts_.containers.find(id);
    if (found == facts_.containers.end() || !found->second.drain) continue;
    const core::Drain& drain = *found->second.drain;
    if (!drain.terminate || drain.terminated) continue;
    if (!first || drain.terminateAt < *first) first = drain.terminateAt;
  }
  return first;
}

void Drainer::save() {
  auto drains = facts_.formerDrains;
  for (const auto& [id, written] : draining_) {
    const auto found = facts_.containers.find(id);
    if (found == facts_.containers.end() || !found->second.drain) continue;
    drains.try_emplace(id, core::FormerDrain{*found->second.drain, found->second.startedAt});
  }
  const auto saved = store_.saveDrains(drains);
  const std::string problem = saved ? "" : saved.error().message;
  if (problem != storeProblem_ && !problem.empty()) {
    log::error("{}; a drain would be forgotten if this program ended now", problem);
  }
  storeProblem_ = problem;
}

}  // namespace bgplb::reconcile
