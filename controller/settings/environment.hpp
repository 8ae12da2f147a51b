#pragma once
// The settings from environment variables (`docker plugin set NAME KEY=VALUE`). An empty value is
// the default. main.cpp calls it before anything starts.

#include "settings/settings.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace bgplb::settings {

struct Outcome {
  Settings settings;
  std::vector<std::string> problems;  // one sentence each, naming the setting; none shows a secret
};

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// Reads every setting, and reports every problem at once.
Outcome readEnvironment(const Environment& environment);

}  // namespace bgplb::settings
