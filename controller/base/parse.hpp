#pragma once
// Whole numbers in text from outside.

#include <charconv>
#include <concepts>
#include <limits>
#include <optional>
#include <string_view>

namespace bgplb {

// The whole text as a number from `least` to `most`, decimal unless another `base` is given. None
// for anything else: an empty text, spaces, a plus sign, digits followed by other characters, a
// number that does not fit.
template <std::integral Number>
std::optional<Number> parseWhole(std::string_view text,
                                 Number least = std::numeric_limits<Number>::min(),
                                 Number most = std::numeric_limits<Number>::max(),
                                 int base = 10) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [stopped, code] = std::from_chars(text.data(), end, number, base);
  if (code != std::errc{} || stopped != end || number < least || number > most) return std::nullopt;
  return number;
}

}  // namespace bgplb
