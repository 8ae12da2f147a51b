#pragma once
// Limits how many Docker API queries are in flight. Each query uses a connection, and a slow
// dockerd must not exhaust the controller's file descriptors. Owned by EngineDialogue.
//
// A container whose inspection hangs must not delay the others: a query that has been in flight for
// kPatience no longer counts against kAtOnce. kMost limits the total. Lists count against neither.

#include "core/flapping.hpp"
#include "docker/question.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace bgplb::docker {

// The priority of a query, highest first.
enum class Urgency {
  List,   // a full list: sent at once; ListRound limits how many are in flight
  Event,  // caused by an event or a plugin call
  Round,  // an inspection of a container on a full list
  Retry,  // repeats a failed query; at most kMostRetries are in flight
};

class QuestionQueue {
 public:
  using TimePoint = core::TimePoint;
  static constexpr std::size_t kAtOnce = 8;
  static constexpr std::size_t kMost = 24;
  static constexpr std::size_t kMostRetries = 4;
  static constexpr std::chrono::milliseconds kPatience{1000};

  void add(Question question, Urgency urgency);
  // Returns the queries to send now.
  std::vector<Call> start(TimePoint now);
  // The call was answered or has failed. None: no such call is in flight.
  std::optional<Question> end(std::uint64_t number);
  // When start() may return more queries even if no call ends.
  std::optional<TimePoint> due() const { return due_; }

  std::size_t waiting() const;
  std::size_t inFlight() const { return inFlight_.size(); }

 private:
  struct Running {
    Question question;
    Urgency urgency;
    TimePoint since;
  };
  bool hasPlace(Urgency urgency, TimePoint now) const;
  std::optional<TimePoint> placeFreeAt(TimePoint now) const;

  std::map<Urgency, std::deque<Question>> waiting_;
  std::map<std::uint64_t, Running> inFlight_;  // by call number, in the order of sending
  std::uint64_t last_ = 0;
  std::optional<TimePoint> due_;
};

}  // namespace bgplb::docker
