#include "http/lines.hpp"

#include "support/catch.hpp"

#include <vector>

using bgplb::http::Lines;

TEST_CASE(
    "Lines: any division of the stream gives the same lines; a line over the limit is skipped") {
  const std::string stream = "one\n\ntwo\n12345678\n123456789\nthree\nrest";
  for (std::size_t cut = 1; cut <= stream.size(); ++cut) {
    CAPTURE(cut);
    std::vector<std::string> lines;
    std::vector<std::size_t> skipped;
    Lines reader(
        8, [&](std::string_view line) { lines.emplace_back(line); },
        [&](std::size_t bytes) { skipped.push_back(bytes); });
    for (std::size_t at = 0; at < stream.size(); at += cut) {
      reader.feed(std::string_view(stream).substr(at, cut));
    }
    CHECK(lines == std::vector<std::string>{"one", "two", "12345678", "three"});
    CHECK(skipped == std::vector<std::size_t>{9});
    reader.feed("\n");
    CHECK(lines.back() == "rest");
  }
}
