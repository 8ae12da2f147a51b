#pragma once
// Which containers, or networks, have to be inspected, and whether an answer may be used: one that
// was on its way when something happened to its object is out of date, and the object is inspected
// again.

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
  // After so many failures in a row the operator is notified, once.
  static constexpr unsigned kFailuresBeforeNotice = 5;
  static constexpr std::chrono::milliseconds kFirstRetry{200};
  static constexpr std::chrono::milliseconds kLongestRetry{30'000};

  Inspections(QuestionQueue& queue, std::function<Question(const ObjectId&)> question)
      : queue_(queue), question_(std::move(question)) {}

  void ask(const ObjectId& id, Urgency urgency);
  // The queue has sent the question, when the facts had this revision.
  void sent(const ObjectId& id, core::Revision revision);
  void changed(const ObjectId& id);  // an event: an answer that is on its way is out of date
  void retryAll();                   // every object that waits for its next attempt is asked now
  void retryDue(TimePoint now);
  std::optional<TimePoint> due() const;
  bool isOpen(const ObjectId& id) const { return open_.contains(id); }
  bool anyOpen() const { return !open_.empty(); }

  enum class Verdict {
    Current,   // the answer says how the object is now
    Outdated,  // the object is asked again
    Failed,    // it is asked again later
    Gone,      // dockerd does not know the object
  };
  struct Outcome {
    Verdict verdict = Verdict::Failed;
    core::Revision requested = 0;  // the facts' revision when the question was sent
    bool notice = false;           // Failed: so often now that the operator must know
    bool resolved = false;         // Current, Gone: there was a notice
  };
  Outcome answered(const ObjectId& id, const Result<void>& outcome, TimePoint now);

 private:
  struct Open {
    bool queued = false;  // in the queue or in flight
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
