#include "core/routing_config.hpp"

#include <fmt/format.h>

namespace bgplb::core {

std::vector<std::string> routingProblems(const RoutingConfig& config) {
  std::vector<std::string> problems;
  if (config.routerId.isV6() || !isSessionAddress(config.routerId)) {
    problems.push_back(
        fmt::format("router id {} is not a usable IPv4 address", config.routerId.toString()));
  }
  if (const auto problem = asProblem(config.localAs); !problem.empty()) {
    problems.push_back(fmt::format("local AS: {}", problem));
  }
  if (config.listenPort == 0) problems.emplace_back("BIRD cannot listen on port 0");
  if (config.holdTime < kLeastHoldTime || config.holdTime > kLargestHoldTime) {
    problems.push_back(fmt::format("hold time {} s is not in {}..{}", config.holdTime.count(),
                                   kLeastHoldTime.count(), kLargestHoldTime.count()));
  }
  if (config.gracefulRestartTime.count() < 1 || config.gracefulRestartTime > kLargestRestartTime) {
    problems.push_back(fmt::format("graceful restart time {} s is not in 1..{}",
                                   config.gracefulRestartTime.count(),
                                   kLargestRestartTime.count()));
  }
  const auto more = peerProblems(config.peers);
  problems.insert(problems.end(), more.begin(), more.end());
  return problems;
}

}  // namespace bgplb::core
