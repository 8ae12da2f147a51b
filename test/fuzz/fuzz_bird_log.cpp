// BIRD's log lines: the parsed text is the end of the line. In one second, the limit admits at most
// 20 lines, each of them once, and counts the others.

#include "bird/bird_log.hpp"
#include "bird/line_limit.hpp"

#include "fuzz/fuzz.hpp"

#include <set>
#include <string>

using namespace bgplb;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kPerSecond = 20;
  bird::LineLimit limit;
  const bird::LineLimit::Clock::time_point now{std::chrono::hours(1)};
  std::set<std::string> admitted;
  std::size_t count = 0;
  for (const auto line : fuzz::linesOf(fuzz::textOf(data, size))) {
    if (limit.admits(std::string(line), now)) {
      ALWAYS(++count <= kPerSecond);
      admitted.emplace(line);
    }
    const auto parsed = bird::parseLogLine(line);
    ALWAYS(line.ends_with(parsed.text));
    // From a line without a class, only the prefix "bird: " is removed.
    const auto name = line.size() - parsed.text.size();
    if (line.find('>') == std::string_view::npos) ALWAYS(name == 0 || name == 6);
  }
  ALWAYS(admitted.size() == count);
  ALWAYS(limit.takeOmitted(now) == 0);  // the second is not over
  return 0;
}
