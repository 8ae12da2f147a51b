#pragma once
// The operator's side of the plugin's socket: finding it on the host, and asking.

#include "base/result.hpp"

#include <string>
#include <vector>

namespace bgplb::cli {

// Sockets named bgplb.sock in /run/docker/plugins (a plain process) and in the folders below it (a
// managed plugin: /run/docker/plugins/<plugin id>/bgplb.sock).
std::vector<std::string> findSockets(const std::string& folder = "/run/docker/plugins");

// GET of `path`; the body of a 200 answer. Bounded by 10 s.
Result<std::string> get(const std::string& socket, const std::string& path);

}  // namespace bgplb::cli
