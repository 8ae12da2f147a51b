#pragma once
// `bgplb run`: the plugin itself.

#include "cli/command.hpp"

namespace bgplb {

cli::Command runCommand();

}  // namespace bgplb
