#pragma once
// The operator's side of the plugin's socket: finding it on the host, and calling the operator's
// API.

#include "base/result.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace bgplb::cli {

inline constexpr const char* kPluginFolder = "/run/docker/plugins";

// Sockets named bgplb.sock in the folder (a plain process) and in the folders below it (a managed
// plugin: /run/docker/plugins/<plugin id>/bgplb.sock).
std::vector<std::string> findSockets(const std::string& folder = kPluginFolder);

// GET of `path`; the body of an answer with status 200. Every error names the socket.
Result<std::string> get(const std::string& socket, const std::string& path,
                        std::chrono::milliseconds deadline);

}  // namespace bgplb::cli
