#pragma once
// Starts a program that is to outlive this one.

#include "base/result.hpp"

#include <string>
#include <vector>

#include <sys/types.h>

namespace bgplb::bird {

// Runs argv[0] (searched in PATH) in a session of its own and by a double fork: PID 1 is its parent
// and reaps it, and our end does not affect it. It inherits nothing but `standardError` and gets an
// almost empty environment, because ours holds a password. Returns the pid when exec(3) has
// succeeded; NotFound if there is no such program.
Result<pid_t> launchDetached(const std::vector<std::string>& argv, int standardError);

}  // namespace bgplb::bird
