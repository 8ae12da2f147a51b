#pragma once
// Tracks the inspections of containers, or of networks: which ones are open, when to retry a failed
// one, and whether an answer may be used. If an object changes while its inspection is in flight,
// the answer is outdated and the object is inspected again. Owned by EngineDialogue.

#include "base/backoff.hpp"
#include "docker/question_queue.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace bgplb::docker {

template <typename ObjectId>
class Inspections {
 public:
  using TimePoint = core::TimePoint;
  // The number of consecutive failures after which a warning is logged, once.
  static constexpr unsigned kFailuresBeforeNotice = 5;
  static constexpr std::chrono::milliseconds kFirstRetry{200};
  static constexpr std::chrono::milliseconds kLongestRetry{30'000};

  Inspections(QuestionQueue& queue, std::function<Question(const ObjectId&)> question)
      : queue_(queue), question_(std::move(question)) {}

  // Inspects the object. If an inspection is in flight, the object is inspected again afterwards.
  void ask(const ObjectId& id, Urgency urgency);
  // The queue has sent the query. `revision` is the revision of the facts at that time.
  void sent(const ObjectId& id, core::Revision revision);
  void changed(const ObjectId& id);  // an event: makes an inspection in flight outdated
  void retryAll();                   // starts every pending retry now
  void retryDue(TimePoint now);
  std::optional<TimePoint> due() const;
  bool isOpen(const ObjectId& id) const { return open_.contains(id); }
  bool anyOpen() const { return !open_.empty(); }

  enum class Verdict {
    Current,   // the answer is up to date
    Outdated,  // the object has changed; it is inspected again at once
    Failed,    // the object is inspected again after a delay
    Gone,      // dockerd does not know the object
  };
  struct Outcome {
    Verdict verdict = Verdict::Failed;
    core::Revision requested = 0;  // the revision of the facts when the query was sent
    bool notice = false;           // Failed: log a warning now (kFailuresBeforeNotice)
    bool resolved = false;         // Current, Gone: a warning was logged before
  };
  Outcome answered(const ObjectId& id, const Result<void>& outcome, TimePoint now);

 private:
  struct Open {
    bool queued = false;  // waiting in the queue, or in flight
    bool outdated = false;
    bool noticed = false;
    unsigned failures = 0;
    core::Revision requested = 0;
    Backoff backoff{kFirstRetry, kLongestRetry};
    std::optional<TimePoint> retryAt{};
  };
  void enqueue(const ObjectId& id, Open& open, Urgency urgency);

  QuestionQueue& queue_;
  std::function<Question(const ObjectId&)> question_;
  std::map<ObjectId, Open> open_;
};

extern template class Inspections<ContainerId>;
extern template class Inspections<NetworkId>;

}  // namespace bgplb::docker
