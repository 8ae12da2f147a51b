#pragma once
// `bgplb status`: the controller's status page for a person.

#include "base/result.hpp"

#include <string>

namespace bgplb::cli {

// `page` is the JSON of GET /status. Pure.
Result<std::string> renderStatus(const std::string& page);

// The subcommand: prints, returns the exit code (0; 1 if no plugin answers).
int runStatus(const std::string& socket, bool json);

}  // namespace bgplb::cli
