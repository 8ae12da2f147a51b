#include "docker/health_checks.hpp"

namespace bgplb::docker {

void HealthChecks::ended(const ContainerId& id, bool succeeded) {
  if (succeeded) {
    succeeded_.insert(id);
  } else {
    succeeded_.erase(id);
  }
}

std::vector<ContainerId> HealthChecks::takeOverdue(TimePoint now) {
  std::vector<ContainerId> overdue;
  std::erase_if(doubtful_, [&](const auto& entry) {
    if (entry.second > now) return false;
    overdue.push_back(entry.first);
    return true;
  });
  return overdue;
}

std::optional<core::TimePoint> HealthChecks::due() const {
  std::optional<TimePoint> first;
  for (const auto& [id, until] : doubtful_) {
    if (!first || until < *first) first = until;
  }
  return first;
}

bool HealthChecks::setBroken(const ContainerId& id, bool broken) {
  return broken ? broken_.insert(id).second : broken_.erase(id) > 0;
}

void HealthChecks::forget(const ContainerId& id) {
  succeeded_.erase(id);
  doubtful_.erase(id);
  broken_.erase(id);
}

}  // namespace bgplb::docker
