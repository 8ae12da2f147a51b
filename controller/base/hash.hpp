#pragma once
// A hash that is the same in every build, because generated MAC addresses are derived from it.
// std::hash guarantees equal values only within one run of a program.

#include <cstdint>
#include <string_view>

namespace bgplb {

// FNV-1a, 64 bit (RFC 9923).
constexpr std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char character : text) {
    hash = (hash ^ static_cast<unsigned char>(character)) * 1099511628211ULL;
  }
  return hash;
}

}  // namespace bgplb
