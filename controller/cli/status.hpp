#pragma once
// The command `bgplb status`: prints peers, VIPs, backends and the routes that BIRD exports, as
// tables or as JSON.

#include "cli/command.hpp"
#include "operator/status.hpp"

#include <string>

namespace bgplb::cli {

Command statusCommand();

// Renders the page as text. Pure. Escapes control characters (base/printable.hpp), so that no
// container name or message can forge a row or control the terminal.
std::string renderStatus(const ops::StatusPage& page);

}  // namespace bgplb::cli
