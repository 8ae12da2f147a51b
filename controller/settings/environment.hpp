#pragma once
// Reads the settings from environment variables (`docker plugin set NAME KEY=VALUE`). An empty
// value selects the default. run_command.cpp calls it before it starts anything.

#include "settings/settings.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace bgplb::settings {

struct Outcome {
  Settings settings;
  std::vector<std::string> problems;  // one sentence per wrong setting, without secrets
};

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// Reads every setting and reports all problems at once.
Outcome readEnvironment(const Environment& environment);

}  // namespace bgplb::settings
