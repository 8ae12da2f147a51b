// A property test: after random events in random order the controller keeps its invariants at every
// step, and ends in the state of a fresh controller. BGPLB_SEED=<n> runs the sequence of one seed,
// BGPLB_PROPERTY_ROUNDS=<n> runs n sequences. A failing sequence is reduced to the necessary
// events.
#include "reconcile/storm.hpp"

#include "support/catch.hpp"

#include <cstdlib>
#include <random>

using namespace bgplb;
using namespace bgplb::test;

namespace {

constexpr unsigned kRounds = 400;
constexpr unsigned kMostEvents = 250;

using Events = std::vector<Event>;

unsigned fromEnvironment(const char* name, unsigned fallback) {
  const char* text = std::getenv(name);
  return text == nullptr ? fallback : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

unsigned weight(Kind kind) {
  switch (kind) {
    case Kind::Dockerd: return 24;
    case Kind::Deliver: return 20;
    case Kind::Ask: return 16;
    case Kind::List: return 8;
    case Kind::Start: return 9;
    case Kind::CreateNetwork: return 7;
    case Kind::Healthy:
    case Kind::Confirm:
    case Kind::Time: return 5;
    case Kind::Interfere:
    case Kind::KernelNotifies:
    case Kind::Check:
    case Kind::Sigusr2:
    case Kind::End: return 3;
    case Kind::DeleteNetwork:
    case Kind::FailAnswer:
    case Kind::FailCall: return 2;
    default: return 1;
  }
}

// Most storms begin on a host with running containers.
template <typename Below>
Events begun(Below below) {
  Events events;
  for (unsigned i = 0; i < 3 && below(8) > 0; ++i) events.push_back({Kind::CreateNetwork, i});
  for (unsigned i = 0; i < 4 && below(8) > 0; ++i) {
    events.push_back({Kind::Start, i});
    for (int step = 0; step < 5; ++step) events.push_back({Kind::Dockerd});
  }
  for (unsigned i = 0; i < 4 && below(4) > 0; ++i) {
    events.insert(events.end(),
                  {{Kind::Deliver}, {Kind::Ask}, {Kind::Ask}, {Kind::Healthy, i}, {Kind::Deliver}});
  }
  return events;
}

// Not std::discrete_distribution: a seed must give the same sequence with every standard library.
Events eventsOf(unsigned seed) {
  std::mt19937 random(seed);
  const auto below = [&random](unsigned limit) { return static_cast<unsigned>(random()) % limit; };
  unsigned sum = 0;
  for (std::size_t i = 0; i < kKinds; ++i) sum += weight(static_cast<Kind>(i));
  Events events = begun(below);
  events.resize(events.size() + 20 + below(kMostEvents - 20));
  for (auto& event : events) {
    if (event.kind != Kind::Step) continue;  // an event of begun()
    unsigned left = below(sum);
    std::size_t kind = 0;
    while (left >= weight(static_cast<Kind>(kind))) left -= weight(static_cast<Kind>(kind++));
    event.kind = static_cast<Kind>(kind);
    event.which = below(12);
    event.how = below(2400);
    event.step = below(4) > 0;
  }
  return events;
}

// The first violated invariant; empty: none.
std::string violationOf(const Events& events) {
  try {
    Storm storm;
    for (const auto& event : events) storm.run(event);
    storm.settle();
    storm.checkEnd();
  } catch (const Violation& violation) {
    return violation.what;
  }
  return "";
}

// Removes the events that the failure does not need: halves first, single events last.
Events cutDown(Events events) {
  for (std::size_t size = events.size(); size > 0; size /= 2) {
    for (std::size_t at = 0; at < events.size();) {
      Events less = events;
      const auto from = less.begin() + static_cast<std::ptrdiff_t>(at);
      const std::size_t many = std::min(size, events.size() - at);
      less.erase(from, from + static_cast<std::ptrdiff_t>(many));
      if (violationOf(less).empty()) {
        at += size;
      } else {
        events = std::move(less);
      }
    }
  }
  return events;
}

void check(unsigned seed) {
  const Events events = eventsOf(seed);
  if (violationOf(events).empty()) return;
  const Events needed = cutDown(events);
  std::string text = fmt::format("BGPLB_SEED={}: {}\n", seed, violationOf(needed));
  for (const auto& event : needed) text += "  " + toText(event) + "\n";
  FAIL_CHECK(text);
}

}  // namespace

TEST_CASE("Property.EveryStormEndsInTheStateOfAFreshController") {
  if (std::getenv("BGPLB_SEED") != nullptr) {
    check(fromEnvironment("BGPLB_SEED", 0));
    return;
  }
  const unsigned rounds = fromEnvironment("BGPLB_PROPERTY_ROUNDS", kRounds);
  for (unsigned seed = 1; seed <= rounds; ++seed) check(seed);
  SUCCEED();
}
