// Text from outside: the lines of a stream (Docker's events), and text that is made printable for
// the log, the error texts and a terminal.

#include "base/printable.hpp"
#include "http/lines.hpp"

#include "fuzz/fuzz.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <string>

using namespace bgplb;

namespace {

constexpr std::size_t kLongest = 64;

struct Read {
  std::vector<std::string> lines;
  std::vector<std::size_t> skipped;
  friend bool operator==(const Read&, const Read&) = default;
};

// `size`: of the pieces in which the stream arrives.
Read readIn(std::string_view text, std::size_t size) {
  Read read;
  http::Lines lines(
      kLongest, [&read](std::string_view line) { read.lines.emplace_back(line); },
      [&read](std::size_t bytes) { read.skipped.push_back(bytes); });
  for (; !text.empty(); text.remove_prefix(std::min(size, text.size()))) {
    lines.feed(text.substr(0, size));
  }
  return read;
}

void checkLines(std::string_view text) {
  const auto read = readIn(text, text.size() + 1);
  ALWAYS(readIn(text, 1) == read);
  ALWAYS(readIn(text, 7) == read);
  for (const auto& line : read.lines) {
    ALWAYS(!line.empty() && line.size() <= kLongest && line.find('\n') == std::string::npos);
  }
  for (const auto bytes : read.skipped) ALWAYS(bytes > kLongest);
}

void checkPrintable(std::string_view text) {
  const auto clean = printable(text);
  ALWAYS(std::all_of(clean.begin(), clean.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte != 0x7f;
  }));
  // No C1 control character, no control of the direction, and valid UTF-8: nothing is left to
  // escape.
  ALWAYS(printable(clean) == clean);
}

void checkJson(std::string_view text) {
  boost::system::error_code wrong;
  const auto value = boost::json::parse(text, wrong);
  if (wrong) return;
  const auto clean = printableJson(text);
  ALWAYS(boost::json::parse(clean, wrong) == value && !wrong);
  ALWAYS(printableJson(clean) == clean);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMost = 4096;  // bytes; longer inputs take time and find little more
  const auto text = fuzz::textOf(data, std::min(size, kMost));
  checkLines(text);
  checkPrintable(text);
  checkJson(text);
  return 0;
}
