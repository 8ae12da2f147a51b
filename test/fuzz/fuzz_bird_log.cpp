// BIRD's log lines: the parsed text is the end of the line.

#include "bird/bird_log.hpp"

#include "fuzz/fuzz.hpp"

using namespace bgplb;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const auto line : fuzz::linesOf(fuzz::textOf(data, size))) {
    const auto parsed = bird::parseLogLine(line);
    ALWAYS(line.ends_with(parsed.text));
    // Of a line without a class, only the prefix "bird: " is removed.
    const auto name = line.size() - parsed.text.size();
    if (line.find('>') == std::string_view::npos) ALWAYS(name == 0 || name == 6);
  }
  return 0;
}
