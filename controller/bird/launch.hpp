#pragma once
// Starting a program that is to outlive this one.

#include "base/result.hpp"

#include <string>
#include <vector>

#include <sys/types.h>

namespace bgplb::bird {

// Runs argv[0] (searched in PATH) in a session of its own and as nobody's child: it is reparented,
// so our death does not touch it and whoever is PID 1 reaps it. It inherits nothing but
// `standardError` and gets an almost empty environment: ours holds a password. Returns when exec(3)
// has succeeded, with the pid; NotFound if there is no such program.
Result<pid_t> launchDetached(const std::vector<std::string>& argv, int standardError);

}  // namespace bgplb::bird
