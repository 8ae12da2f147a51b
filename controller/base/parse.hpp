#pragma once
// Parses integers in external input.

#include <charconv>
#include <concepts>
#include <limits>
#include <optional>
#include <string_view>

namespace bgplb {

// Parses the complete text as a number from `least` to `most` in the given `base`. None for
// anything else: an empty text, spaces, a plus sign, digits followed by other characters, a number
// out of range.
template <std::integral Number>
std::optional<Number> parseWhole(std::string_view text,
                                 Number least = std::numeric_limits<Number>::min(),
                                 Number most = std::numeric_limits<Number>::max(), int base = 10) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [stopped, code] = std::from_chars(text.data(), end, number, base);
  if (code != std::errc{} || stopped != end || number < least || number > most) return std::nullopt;
  return number;
}

}  // namespace bgplb
