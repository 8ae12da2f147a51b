#include "docker/question_queue.hpp"
#include "support/catch.hpp"

#include <fmt/format.h>

using namespace bgplb;
using docker::QuestionQueue;
using docker::Urgency;

namespace {

core::TimePoint at(std::chrono::milliseconds time) { return core::TimePoint{} + time; }

void addInspections(QuestionQueue& queue, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    queue.add(docker::InspectContainer{ContainerId(fmt::format("{}", i))}, Urgency::Event);
  }
}

}  // namespace

TEST_CASE("QuestionQueue.FreesAPlaceAfterItsPatience_HoweverManyListsAreInFlight") {
  constexpr auto kPatience = QuestionQueue::kPatience;
  QuestionQueue queue;
  queue.add(docker::ListNetworks{}, Urgency::List);
  queue.add(docker::ListContainers{}, Urgency::List);
  addInspections(queue, QuestionQueue::kMost + 1);
  CHECK(queue.start(at(kPatience * 0)).size() == 2 + QuestionQueue::kAtOnce);
  CHECK(queue.due() == at(kPatience));
  CHECK(queue.start(at(kPatience)).size() == QuestionQueue::kAtOnce);
  // Both lists and 16 of the 24 inspections are in flight.
  CHECK(queue.due() == at(kPatience * 2));
  const auto last = queue.start(at(kPatience * 2));
  REQUIRE(last.size() == QuestionQueue::kAtOnce);
  CHECK_FALSE(queue.due());  // all 24 are in flight: only an answer frees a place
  CHECK(queue.end(last[0].number));
  CHECK(queue.end(last[1].number));
  addInspections(queue, 2);
  CHECK(queue.start(at(kPatience * 2)).size() == 2);
  CHECK(queue.end(last[2].number));
  CHECK(queue.end(last[3].number));
  CHECK(queue.start(at(kPatience * 2)).size() == 1);
  CHECK_FALSE(queue.due());  // nothing waits
  addInspections(queue, QuestionQueue::kAtOnce);
  CHECK(queue.start(at(kPatience * 2)).size() == 1);
}

TEST_CASE("QuestionQueue.CountsNoListsAgainstTheTotal") {
  constexpr auto kPatience = QuestionQueue::kPatience;
  QuestionQueue queue;
  addInspections(queue, QuestionQueue::kMost - QuestionQueue::kAtOnce - 2);
  for (int round = 0; round < 2; ++round) (void)queue.start(at(kPatience * round));
  REQUIRE(queue.waiting() == 0);
  queue.add(docker::ListNetworks{}, Urgency::List);
  queue.add(docker::ListContainers{}, Urgency::List);
  addInspections(queue, QuestionQueue::kAtOnce + 1);
  CHECK(queue.start(at(kPatience * 2)).size() == 2 + QuestionQueue::kAtOnce);
  // kMost queries are in flight, but two of them are lists.
  REQUIRE(queue.inFlight() == QuestionQueue::kMost);
  CHECK(queue.due() == at(kPatience * 3));
  CHECK(queue.start(at(kPatience * 3)).size() == 1);
  CHECK(queue.waiting() == 0);
}
