// The state file of a previous controller: accepted drains, written again, parse to the same
// drains.

#include "state/drain_file.hpp"

#include "fuzz/fuzz.hpp"

using namespace bgplb;
using namespace std::chrono_literals;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Fixed clocks: an input must fail each time or never.
  const state::Clocks clocks{core::TimePoint{} + 3600s, 86'400'000ms, "boot"};
  const auto drains = state::parseDrains(fuzz::textOf(data, size), clocks);
  if (!drains) {
    ALWAYS(!drains.error().message.empty());
    return 0;
  }
  const auto text = state::renderDrains(*drains, clocks);
  const auto again = state::parseDrains(text, clocks);
  ALWAYS(again);
  ALWAYS(again->size() == drains->size());
  ALWAYS(state::renderDrains(*again, clocks) == text);
  for (const auto& [id, former] : *drains) {
    const auto found = again->find(id);
    ALWAYS(found != again->end());
    ALWAYS(found->second.startedAt == former.startedAt);
    ALWAYS(found->second.drain.terminateAt == former.drain.terminateAt);
    ALWAYS(found->second.drain.terminate == former.drain.terminate);
    ALWAYS(found->second.drain.terminated == former.drain.terminated);
  }
  return 0;
}
