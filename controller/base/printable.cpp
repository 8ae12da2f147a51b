#include "base/printable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace bgplb {

namespace {

struct Character {
  std::uint32_t codePoint = 0;
  std::size_t size = 0;  // in bytes; 0: not valid UTF-8
};

// Decodes the first character. RFC 3629 forbids overlong forms, surrogates and code points above
// U+10FFFF.
Character decode(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80) return {first, 1};
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return {};
  std::uint32_t code = first & (0x7fU >> size);
  for (std::size_t at = 1; at < size; ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if ((byte & 0xc0U) != 0x80U) return {};
    code = (code << 6) | (byte & 0x3fU);
  }
  const std::uint32_t least = size == 4 ? 0x10000 : size == 3 ? 0x800 : 0x80;
  if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return {};
  return {code, size};
}

}  // namespace

std::string printable(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  const auto out = std::back_inserter(clean);
  while (!text.empty()) {
    const Character next = decode(text);
    if (next.size == 0 || next.codePoint < 0x20 || next.codePoint == 0x7f) {
      fmt::format_to(out, "\\x{:02x}", static_cast<unsigned char>(text.front()));
    } else if (next.codePoint >= 0x80 && next.codePoint <= 0x9f) {
      fmt::format_to(out, "\\u{:04x}", next.codePoint);
    } else {
      clean.append(text.substr(0, next.size));
    }
    text.remove_prefix(std::max<std::size_t>(next.size, 1));
  }
  return clean;
}

}  // namespace bgplb
