// BIRD's log lines: nothing is made up, and no line becomes two.

#include "bird/bird_log.hpp"

#include "fuzz/fuzz.hpp"

using namespace bgplb;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const auto line : fuzz::linesOf(fuzz::textOf(data, size))) {
    const auto parsed = bird::parseLogLine(line);
    ALWAYS(line.ends_with(parsed.text));
    // A line without a class is shown as it is, but for the program's name.
    const auto name = line.size() - parsed.text.size();
    if (line.find('>') == std::string_view::npos) ALWAYS(name == 0 || name == 6);
  }
  return 0;
}
