#include "support/dockerd/engine_script.hpp"

#include <algorithm>

namespace bgplb::test {

bool covers(std::string_view pattern, std::string_view path) {
  if (!pattern.ends_with('*')) return pattern == path;
  pattern.remove_suffix(1);
  return path.starts_with(pattern);
}

void EngineScript::fail(std::string pattern, int times, unsigned status) {
  failures_.push_back({std::move(pattern), times, status});
}

void EngineScript::delay(std::string pattern, std::chrono::milliseconds time) {
  delays_.push_back({std::move(pattern), time});
}

void EngineScript::hold(std::string pattern) { holds_.push_back(std::move(pattern)); }

void EngineScript::release(const std::string& pattern) { std::erase(holds_, pattern); }

unsigned EngineScript::takeFailure(std::string_view path) {
  for (auto& failure : failures_) {
    if (failure.left == 0 || !covers(failure.pattern, path)) continue;
    --failure.left;
    return failure.status;
  }
  return 0;
}

std::chrono::milliseconds EngineScript::delayOf(std::string_view path) const {
  std::chrono::milliseconds sum{0};
  for (const auto& delay : delays_) {
    if (covers(delay.pattern, path)) sum += delay.time;
  }
  return sum;
}

bool EngineScript::isHeld(std::string_view path) const {
  return std::any_of(holds_.begin(), holds_.end(),
                     [path](const std::string& pattern) { return covers(pattern, path); });
}

}  // namespace bgplb::test
