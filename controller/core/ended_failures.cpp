#include "core/ended_failures.hpp"

#include <algorithm>

namespace bgplb::core {

void EndedFailures::store(const std::string& service, const ContainerId& id,
                          const Flapping& flapping) {
  if (!service.empty() && flapping.failedAt) byService_[service][id] = flapping;
}

Flapping EndedFailures::take(const std::string& service, const ContainerId& id,
                             const Flapping& own) {
  const auto found = byService_.find(service);
  if (found == byService_.end()) return own;
  auto& ended = found->second;
  Flapping history = own;
  if (ended.erase(id) == 0 && !own.failedAt) {
    const auto last = std::max_element(ended.begin(), ended.end(), [](auto& one, auto& other) {
      return one.second.failedAt < other.second.failedAt;
    });
    history.failures = last->second.failures;
    history.failedAt = last->second.failedAt;
    ended.erase(last);
  }
  if (ended.empty()) byService_.erase(found);
  return history;
}

void EndedFailures::forgetOld(TimePoint now) {
  for (auto& [service, ended] : byService_) {
    std::erase_if(ended, [now](auto& entry) { return now - *entry.second.failedAt > kKept; });
  }
  std::erase_if(byService_, [](auto& entry) { return entry.second.empty(); });
}

}  // namespace bgplb::core
