#include "docker/question_queue.hpp"

#include <algorithm>
#include <utility>

namespace bgplb::docker {

void QuestionQueue::add(Question question, Urgency urgency) {
  waiting_[urgency].push_back(std::move(question));
}

bool QuestionQueue::hasPlace(Urgency urgency, TimePoint now) const {
  if (urgency == Urgency::List) return true;
  std::size_t all = 0;
  std::size_t recent = 0;
  std::size_t retries = 0;
  for (const auto& [number, running] : inFlight_) {
    if (running.urgency == Urgency::List) continue;
    ++all;
    if (running.urgency == Urgency::Retry) ++retries;
    if (now - running.since < kPatience) ++recent;
  }
  if (urgency == Urgency::Retry && retries >= kMostRetries) return false;
  return all < kMost && recent < kAtOnce;
}

std::vector<Call> QuestionQueue::start(TimePoint now) {
  std::vector<Call> calls;
  for (auto& [urgency, questions] : waiting_) {
    while (!questions.empty() && hasPlace(urgency, now)) {
      const std::uint64_t number = ++last_;
      calls.push_back({number, questions.front()});
      inFlight_.emplace(number, Running{std::move(questions.front()), urgency, now});
      questions.pop_front();
    }
  }
  due_ = placeFreeAt(now);
  return calls;
}

std::optional<Question> QuestionQueue::end(std::uint64_t number) {
  auto running = inFlight_.extract(number);
  if (!running) return std::nullopt;
  return std::move(running.mapped().question);
}

std::optional<core::TimePoint> QuestionQueue::placeFreeAt(TimePoint now) const {
  std::optional<TimePoint> first;
  std::size_t all = 0;
  for (const auto& [number, running] : inFlight_) {
    if (running.urgency == Urgency::List) continue;
    ++all;
    const TimePoint free = running.since + kPatience;
    if (free > now && (!first || free < *first)) first = free;
  }
  return waiting() == 0 || all >= kMost ? std::nullopt : first;
}

std::size_t QuestionQueue::waiting() const {
  std::size_t sum = 0;
  for (const auto& [urgency, questions] : waiting_) sum += questions.size();
  return sum;
}

}  // namespace bgplb::docker
