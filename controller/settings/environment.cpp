#include "settings/environment.hpp"

#include "settings/schema.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bgplb::settings {

namespace {

// Makes a wrong value short and printable for an error message.
std::string excerpt(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, '?');
  return text.substr(0, 64);
}

}  // namespace

Outcome readEnvironment(const Environment& environment) {
  Outcome outcome;
  for (const auto& setting : schema()) {
    const auto value = environment(std::string(setting.name));
    if (!value || value->empty()) {
      if (setting.required) {
        outcome.problems.push_back(
            fmt::format("{} is missing: it takes {}", setting.name, setting.takes));
      }
      continue;
    }
    const auto problem = setting.read(*value, outcome.settings);
    if (!problem) continue;
    // For a secret, name only the allowed values: the reason would reveal a part of the secret.
    const std::string given = setting.secret ? "" : "=" + excerpt(*value);
    const std::string why = setting.secret || problem->empty() ? "" : *problem + "; ";
    outcome.problems.push_back(
        fmt::format("{}{}: {}it takes {}", setting.name, given, why, setting.takes));
  }
  return outcome;
}

}  // namespace bgplb::settings
