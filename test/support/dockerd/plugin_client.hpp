#pragma once
// dockerd's side of the plugin socket.

#include <chrono>
#include <optional>
#include <string>

namespace bgplb::test {

struct PluginAnswer {
  unsigned status = 0;
  std::string body;  // JSON
  std::chrono::milliseconds took{0};
};

// POST /`call` with `body`, on a connection of its own. None: no whole answer came before
// `deadline`.
std::optional<PluginAnswer> callPlugin(const std::string& socketPath, const std::string& call,
                                       const std::string& body, std::chrono::milliseconds deadline);

}  // namespace bgplb::test
