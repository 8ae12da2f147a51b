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

// Bidirectional controls and line separators: invisible, but they reorder or break the line.
bool isLayoutControl(std::uint32_t code) {
  return code == 0x61c || code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069);
}

bool isControl(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code <= 0x9f) || isLayoutControl(code);
}

}  // namespace

std::string printable(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  const auto out = std::back_inserter(clean);
  while (!text.empty()) {
    const Character next = decode(text);
    if (next.size == 0 || (next.size == 1 && isControl(next.codePoint))) {
      fmt::format_to(out, "\\x{:02x}", static_cast<unsigned char>(text.front()));
    } else if (isControl(next.codePoint)) {
      fmt::format_to(out, "\\u{:04x}", next.codePoint);
    } else {
      clean.append(text.substr(0, next.size));
    }
    text.remove_prefix(std::max<std::size_t>(next.size, 1));
  }
  return clean;
}

std::string printableJson(std::string_view json) {
  std::string clean;
  clean.reserve(json.size());
  while (!json.empty()) {
    const Character next = decode(json);
    const bool isSpace = next.codePoint == '\n' || next.codePoint == '\t' || next.codePoint == '\r';
    if (next.size != 0 && isControl(next.codePoint) && !isSpace) {
      fmt::format_to(std::back_inserter(clean), "\\u{:04x}", next.codePoint);
    } else {
      clean.append(json.substr(0, std::max<std::size_t>(next.size, 1)));
    }
    json.remove_prefix(std::max<std::size_t>(next.size, 1));
  }
  return clean;
}

}  // namespace bgplb
