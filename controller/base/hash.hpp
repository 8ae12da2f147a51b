#pragma once
// A hash whose value is part of what this program makes (MAC addresses), so it must be the same in
// every build: std::hash promises nothing beyond one run.

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
