#pragma once
// The command `bgplb no-delay PID`, which the controller runs when BIRD has a new session: sets
// TCP_NODELAY on the TCP connections of BIRD (bird/no_delay.hpp). A program of its own, because it
// becomes a process of BIRD's user: BIRD must find neither the controller's memory nor its
// descriptors there.

#include "cli/command.hpp"

namespace bgplb {

cli::Command noDelayCommand();

}  // namespace bgplb
