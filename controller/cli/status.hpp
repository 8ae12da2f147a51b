#pragma once
// `bgplb status`: peers, VIPs, backends and what BIRD exports, for a person or as JSON.

#include "cli/command.hpp"
#include "operator/status.hpp"

#include <string>

namespace bgplb::cli {

Command statusCommand();

// The page as text. Pure. Names and messages come from outside: their control characters are
// spelled out (base/printable.hpp), so that no name can forge a row or reach the terminal.
std::string renderStatus(const ops::StatusPage& page);

}  // namespace bgplb::cli
