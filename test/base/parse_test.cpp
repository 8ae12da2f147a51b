#include "base/parse.hpp"
#include "support/catch.hpp"

#include <cstdint>

using bgplb::parseWhole;

TEST_CASE("parseWhole: parses the complete text as a number within its limits") {
  CHECK(parseWhole<unsigned>("0") == 0U);
  CHECK(parseWhole<unsigned>("4094", 1, 4094) == 4094U);
  CHECK(parseWhole<std::int64_t>("-1", -1, 65535) == -1);
  CHECK(parseWhole<std::uint32_t>("4294967295") == 4294967295U);
}

TEST_CASE("parseWhole: rejects text that is not a number or is out of range") {
  for (const auto* text :
       {"", " 1", "1 ", "+1", "1x", "0x10", "1.0", "-1", "4095", "99999999999"}) {
    CAPTURE(text);
    CHECK_FALSE(parseWhole<unsigned>(text, 1, 4094));
  }
  CHECK_FALSE(parseWhole<unsigned>("0", 1, 4094));
  CHECK_FALSE(parseWhole<std::uint32_t>("4294967296"));
}
