#pragma once
// Starts a program that outlives the controller. Daemon starts BIRD with it.

#include "base/result.hpp"
#include "bird/user.hpp"

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace bgplb::bird {

// Runs argv[0] (searched in PATH) in a new session, by a double fork. The program becomes a child
// of PID 1, which reaps it, so the end of the controller does not affect the program. The program
// inherits only `standardError`, and of the environment only PATH and TZ, because ours contains a
// password. `user`: see becomeUser(); none: the user of this process. Returns the pid when exec(3)
// has succeeded; NotFound if there is no such program.
Result<pid_t> launchDetached(const std::vector<std::string>& argv, int standardError,
                             const std::optional<User>& user = {});

}  // namespace bgplb::bird
