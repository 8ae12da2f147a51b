#pragma once
// Finds the plugin's sockets on the host and calls the operator's API on them. Used by the
// subcommands of the operator.

#include "base/result.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace bgplb::cli {

inline constexpr const char* kPluginFolder = "/run/docker/plugins";

// Returns the sockets named bgplb.sock in `folder` (a plain process) and in the folders of managed
// plugins (/run/docker/plugins/<plugin id>/bgplb.sock). Only sockets of root and of the
// caller: the plugin runs as root, and another user must not answer in its place.
std::vector<std::string> findSockets(const std::string& folder = kPluginFolder);

// GET of `path`. Returns the body of an answer with status 200. Every error names the socket.
Result<std::string> get(const std::string& socket, const std::string& path,
                        std::chrono::milliseconds deadline);

}  // namespace bgplb::cli
