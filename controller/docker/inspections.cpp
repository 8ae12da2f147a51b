#include "docker/inspections.hpp"

namespace bgplb::docker {

template <typename ObjectId>
void Inspections<ObjectId>::enqueue(const ObjectId& id, Open& open, Urgency urgency) {
  open.queued = true;
  open.retryAt.reset();
  queue_.add(question_(id), urgency);
}

template <typename ObjectId>
void Inspections<ObjectId>::ask(const ObjectId& id, Urgency urgency) {
  Open& open = open_[id];
  if (open.queued) {
    open.outdated = true;
  } else {
    enqueue(id, open, urgency);
  }
}

template <typename ObjectId>
void Inspections<ObjectId>::sent(const ObjectId& id, core::Revision revision) {
  const auto open = open_.find(id);
  if (open == open_.end()) return;
  open->second.outdated = false;
  open->second.requested = revision;
}

template <typename ObjectId>
void Inspections<ObjectId>::changed(const ObjectId& id) {
  if (const auto open = open_.find(id); open != open_.end()) open->second.outdated = true;
}

template <typename ObjectId>
void Inspections<ObjectId>::retryAll() {
  for (auto& [id, open] : open_) {
    if (!open.queued) enqueue(id, open, Urgency::Retry);
  }
}

template <typename ObjectId>
void Inspections<ObjectId>::retryDue(TimePoint now) {
  for (auto& [id, open] : open_) {
    if (open.retryAt && *open.retryAt <= now) enqueue(id, open, Urgency::Retry);
  }
}

template <typename ObjectId>
std::optional<core::TimePoint> Inspections<ObjectId>::due() const {
  std::optional<TimePoint> first;
  for (const auto& [id, open] : open_) {
    if (open.retryAt && (!first || *open.retryAt < *first)) first = open.retryAt;
  }
  return first;
}

template <typename ObjectId>
typename Inspections<ObjectId>::Outcome Inspections<ObjectId>::answered(const ObjectId& id,
                                                                        const Result<void>& outcome,
                                                                        TimePoint now) {
  Open& open = open_[id];
  open.queued = false;
  const bool gone = !outcome && outcome.error().kind == ErrorKind::NotFound;
  if ((outcome || gone) && open.outdated) {
    enqueue(id, open, Urgency::Event);
    return {.verdict = Verdict::Outdated};
  }
  if (outcome || gone) {
    const Outcome ended{.verdict = gone ? Verdict::Gone : Verdict::Current,
                        .requested = open.requested,
                        .resolved = open.noticed};
    open_.erase(id);
    return ended;
  }
  open.retryAt = now + open.backoff.next();
  const bool notice = ++open.failures >= kFailuresBeforeNotice && !open.noticed;
  open.noticed = open.noticed || notice;
  return {.verdict = Verdict::Failed, .notice = notice};
}

template class Inspections<ContainerId>;
template class Inspections<NetworkId>;

}  // namespace bgplb::docker
