#include "settings/environment.hpp"

#include "settings/schema.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bgplb::settings {

namespace {

// A wrong value as a person sees it: short, and printable.
std::string shown(std::string text) {
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
    // Of a secret only what is allowed: why it is refused would tell something of it.
    const std::string given = setting.secret ? "" : "=" + shown(*value);
    const std::string why = setting.secret || problem->empty() ? "" : *problem + "; ";
    outcome.problems.push_back(
        fmt::format("{}{}: {}it takes {}", setting.name, given, why, setting.takes));
  }
  return outcome;
}

}  // namespace bgplb::settings
