#pragma once
// Creates the directories that the controller shares with BIRD, which is another user. Daemon calls
// it. Owns nothing.

#include "base/result.hpp"
#include "bird/run_paths.hpp"
#include "bird/user.hpp"

#include <optional>

namespace bgplb::bird {

// Creates the run directory (0710) and BIRD's directory (0770) with the user's group: BIRD may
// reach the files that it knows, and may create its socket. Without a user: 0700, for this process
// only. Does not change a run directory that everybody may search. Makes the root directory
// searchable: dockerd creates it with mode 0700 for a plugin that was not pulled (`docker plugin
// create`). Unavailable: a call failed.
Result<void> prepareRunDirectory(const RunPaths& paths, const std::optional<User>& user);

// Links the path of the control socket to the socket that the next BIRD will create. Replaces the
// socket of a BIRD that ran as root.
Result<void> linkControlSocket(const RunPaths& paths);

}  // namespace bgplb::bird
