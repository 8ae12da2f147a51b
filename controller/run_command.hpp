#pragma once
// The command `bgplb run`, which is the plugin: reads the settings and runs App.

#include "cli/command.hpp"

namespace bgplb {

cli::Command runCommand();

}  // namespace bgplb
