#include "core/network_options.hpp"

#include "core/facts.hpp"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

namespace bgplb::core {

namespace {

constexpr unsigned kLeastMtu = 68;
constexpr unsigned kLargestMtu = 65535;
constexpr unsigned kLargestWeight = 1'000'000;

// The whole text as a number; none if it is anything else or not within the limits.
std::optional<unsigned> numberIn(std::string_view text, unsigned least, unsigned largest) {
  unsigned number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number >= least && number <= largest ? std::optional(number) : std::nullopt;
}

}  // namespace

Result<void> checkOptions(const NetworkOptions& options) {
  for (const auto& [key, value] : options) {
    if (key.starts_with("com.docker.") || key == kWeightOption) continue;
    return invalid(fmt::format("-o {} is unknown; allowed are {} and {}", key.substr(0, 64), kMtuOption,
                               kWeightOption));
  }
  return {};
}

Result<unsigned> mtuOf(const NetworkOptions& options) {
  const auto option = options.find(kMtuOption);
  if (option == options.end()) return kDefaultMtu;
  if (const auto mtu = numberIn(option->second, kLeastMtu, kLargestMtu)) return *mtu;
  return invalid(fmt::format("-o {}={}: a number of bytes from {} to {} is allowed", kMtuOption,
                             option->second.substr(0, 32), kLeastMtu, kLargestMtu));
}

Result<std::optional<unsigned>> weightOf(const NetworkOptions& options) {
  const auto option = options.find(kWeightOption);
  if (option == options.end()) return std::optional<unsigned>();
  if (const auto weight = numberIn(option->second, 1, kLargestWeight)) return weight;
  return invalid(fmt::format("-o {}={}: a whole number from 1 to {} is allowed", kWeightOption,
                             option->second.substr(0, 32), kLargestWeight));
}

}  // namespace bgplb::core
