#pragma once
// Makes plugin calls like dockerd.

#include <chrono>
#include <optional>
#include <string>

namespace bgplb::test {

struct PluginAnswer {
  unsigned status = 0;
  std::string body;  // JSON
  std::chrono::milliseconds took{0};
};

// POST /`call` with `body`, on a new connection. None: no complete answer before `deadline`.
std::optional<PluginAnswer> callPlugin(const std::string& socketPath, const std::string& call,
                                       const std::string& body, std::chrono::milliseconds deadline);

}  // namespace bgplb::test
