#pragma once
// Finds the closest match of a mistyped name, for "did you mean ...?". Used for network options.

#include <span>
#include <string_view>

namespace bgplb {

// Returns the candidate with the smallest Levenshtein distance to `word`, and the first one of
// several equal candidates. Empty if there is no candidate. Uses only the first 64 characters of
// `word`.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace bgplb
