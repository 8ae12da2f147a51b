#pragma once
// Bounds how many questions are in flight. Each question is a connection to dockerd, and a dockerd
// that answers slowly must not use up our descriptors.
//
// One container whose inspect hangs must not delay the others: a question that has been in flight
// for kPatience no longer takes one of the kAtOnce places. All in all kMost are in flight.

#include "core/flapping.hpp"
#include "docker/question.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace bgplb::docker {

// Who waits for the answer; an earlier one goes first.
enum class Urgency {
  List,   // a list, of which the dialogue has one in flight: starts at once
  Event,  // something just happened
  Round,  // a full list named the container
  Retry,  // it was asked before, without success: kMostRetries are in flight
};

class QuestionQueue {
 public:
  using TimePoint = core::TimePoint;
  static constexpr std::size_t kAtOnce = 8;
  static constexpr std::size_t kMost = 24;
  static constexpr std::size_t kMostRetries = 4;
  static constexpr std::chrono::milliseconds kPatience{1000};

  void add(Question question, Urgency urgency);
  // The questions that may be sent now.
  std::vector<Call> start(TimePoint now);
  // The call has been answered, or has failed. None: no such call is in flight.
  std::optional<Question> end(std::uint64_t number);
  // When start() returns more even if no call ends.
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
  std::map<std::uint64_t, Running> inFlight_;  // in the order in which they were sent
  std::uint64_t last_ = 0;
  std::optional<TimePoint> due_;
};

}  // namespace bgplb::docker
