#pragma once
// Reads a text part by part.

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace bgplb {

// Removes the first part of `text`, which ends before the first `end`, and that character. Without
// one, the part is the whole text.
inline std::string_view cut(std::string_view& text, char end) {
  const std::size_t at = std::min(text.find(end), text.size());
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return part;
}

}  // namespace bgplb
