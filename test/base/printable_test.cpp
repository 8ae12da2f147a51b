#include "base/printable.hpp"

#include "support/catch.hpp"

using namespace bgplb;

TEST_CASE("Printable.DoesNotChangeOrdinaryText") {
  CHECK(printable("").empty());
  CHECK(printable("network web1: no such device \\o/") == "network web1: no such device \\o/");
  CHECK(printable("caf\u00e9 \u20ac \U0001f40b \u00a0") == "caf\u00e9 \u20ac \U0001f40b \u00a0");
}

TEST_CASE("Printable.EscapesControlCharacters") {
  CHECK(printable("a\nb\tc\r") == "a\\x0ab\\x09c\\x0d");
  CHECK(printable("\x1b[2J") == "\\x1b[2J");
  CHECK(printable(std::string_view("\0\x1f\x7f", 3)) == "\\x00\\x1f\\x7f");
  CHECK(printable("\u0080\u0085\u009b\u009f") == "\\u0080\\u0085\\u009b\\u009f");
}

// With such a character, a terminal shows "exe.png" as "gnp.exe" and reorders the text after it.
TEST_CASE("Printable.EscapesCharactersThatReorderTheLine") {
  for (const char* control :
       {"\u061c", "\u200e", "\u200f", "\u2028", "\u2029", "\u202a", "\u202e", "\u2066", "\u2069"}) {
    const std::string text = printable("a" + std::string(control) + "b");
    CAPTURE(text);
    CHECK(text.size() == 8);
    CHECK(text.starts_with("a\\u"));
  }
  CHECK(printable("a\u202eb") == "a\\u202eb");
  CHECK(printable("\u2027\u202f\u2065\u206a") == "\u2027\u202f\u2065\u206a");
}

TEST_CASE("Printable.EscapedJsonHasTheSameValues") {
  CHECK(printableJson("{\"a\":\t\"x\x7f\u009b\u202e\\u001b\"}\n") ==
        "{\"a\":\t\"x\\u007f\\u009b\\u202e\\u001b\"}\n");
}

TEST_CASE("Printable.EscapesBytesThatAreNotUtf8") {
  CHECK(printable("\x9b"
                  "2J") == "\\x9b2J");  // C1 as a single byte
  CHECK(printable("\xff\xfe") == "\\xff\\xfe");
  CHECK(printable("\xc2") == "\\xc2");  // truncated
  CHECK(printable("\xe2\x82") == "\\xe2\\x82");
  CHECK(printable("\xc0\x9b") == "\\xc0\\x9b");  // overlong
  CHECK(printable("\xe0\x80\x9b") == "\\xe0\\x80\\x9b");
  CHECK(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");           // a surrogate
  CHECK(printable("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");  // beyond U+10FFFF
  CHECK(printable("\xe2\x28\xa1") == "\\xe2(\\xa1");
}
