#include "core/network_options.hpp"

#include "base/nearest.hpp"
#include "base/parse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace bgplb::core {

namespace {

constexpr unsigned kLeastMtu = 68;
constexpr unsigned kLeastIpv6Mtu = 1280;
constexpr unsigned kLargestMtu = 65535;
constexpr unsigned kLargestWeight = 1'000'000;

bool readMtu(std::string_view text, NetworkOptions& options) {
  const auto mtu = parseWhole(text, kLeastMtu, kLargestMtu);
  options.mtu = mtu.value_or(options.mtu);
  return mtu.has_value();
}

bool readWeight(std::string_view text, NetworkOptions& options) {
  options.weight = parseWhole(text, 1U, kLargestWeight);
  return options.weight.has_value();
}

bool readMss(std::string_view text, NetworkOptions& options) {
  options.mss = parseWhole(text, kLeastMss, kLargestMss);
  return options.mss.has_value();
}

struct Option {
  std::string_view name;
  std::string_view takes;
  bool (*read)(std::string_view text, NetworkOptions& options);  // false: invalid value
};

constexpr std::array kOptions{
    Option{kMtuOption, "a number of bytes from 68 to 65535 is allowed", readMtu},
    Option{kWeightOption, "a whole number from 1 to 1000000 is allowed", readWeight},
    Option{kMssOption, "a number of bytes from 536 to 65495 is allowed", readMss},
};

struct Outcome {
  NetworkOptions options;
  std::vector<std::string> problems;
};

std::string unknown(const std::string& name) {
  std::vector<std::string_view> names;
  names.reserve(std::size(kOptions));
  for (const auto& option : kOptions) names.push_back(option.name);
  return fmt::format("-o {} is unknown; did you mean {}? Allowed are {}", name.substr(0, 64),
                     nearest(name, names), fmt::join(names, ", "));
}

const Option* find(std::string_view name) {
  const auto* option = std::find_if(kOptions.begin(), kOptions.end(),
                                    [name](const Option& row) { return row.name == name; });
  return option == kOptions.end() ? nullptr : option;
}

Outcome read(const OptionTexts& texts) {
  Outcome outcome;
  for (const auto& [name, text] : texts) {
    const auto* option = find(name);
    if (option == nullptr) {
      if (!name.starts_with("com.docker.")) outcome.problems.push_back(unknown(name));
    } else if (!option->read(text, outcome.options)) {
      outcome.problems.push_back(
          fmt::format("-o {}={}: {}", name, text.substr(0, 32), option->takes));
    }
  }
  return outcome;
}

}  // namespace

Result<NetworkOptions> parseOptions(const OptionTexts& texts) {
  auto outcome = read(texts);
  if (outcome.problems.empty()) return outcome.options;
  return invalid(fmt::format("{}", fmt::join(outcome.problems, "; ")));
}

NetworkOptions readableOptions(const OptionTexts& texts) { return read(texts).options; }

Result<void> checkMtu(const NetworkOptions& options, bool hasIpv6Vip) {
  if (linkMtu(options, hasIpv6Vip) == options.mtu) return {};
  return invalid(fmt::format("-o {}={}: a network with an IPv6 VIP needs at least {} bytes",
                             kMtuOption, options.mtu, kLeastIpv6Mtu));
}

unsigned linkMtu(const NetworkOptions& options, bool hasIpv6Vip) {
  return hasIpv6Vip ? std::max(options.mtu, kLeastIpv6Mtu) : options.mtu;
}

RouteAttributes announcedAttributes(const NetworkOptions& options, std::size_t readyBackends) {
  RouteAttributes attributes = options.attributes;
  if (options.weight) attributes.bandwidth = linkBandwidth(readyBackends, *options.weight);
  return attributes;
}

}  // namespace bgplb::core
