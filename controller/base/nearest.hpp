#pragma once
// "Did you mean ...?" for names that a person mistyped.

#include <span>
#include <string_view>

namespace bgplb {

// The candidate that takes the fewest insertions, deletions and replacements of one character to
// become `word` (Levenshtein distance); the first of several equals. Empty if there is no
// candidate. Only the first 64 characters of `word` count.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace bgplb
