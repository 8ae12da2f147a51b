#pragma once
// Keeps two plugins with the same INSTANCE from serving one host. Called by `bgplb run` before it
// creates the App, because a plugin whose number is in use may change nothing on the host. Such a
// plugin refuses dockerd's calls with a sentence, shows it in its status, and waits.

#include "app.hpp"
#include "io/name_lock.hpp"

namespace bgplb {

// Returns when `lock` holds the number of this plugin. False: SIGTERM or SIGINT came before.
//
// A plugin that was refused waits until the number has been free for a minute and no link of the
// number exists: the plugin that has it may be disabled for an upgrade, and its containers are
// still served. The plugin keeps a file in its state folder until it gets the number, so that it
// also waits after a boot, when it could be the first to start.
bool holdInstance(io::NameLock& lock, const settings::Settings& settings,
                  const RunOptions& options);

}  // namespace bgplb
