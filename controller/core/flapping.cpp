#include "core/flapping.hpp"

#include <algorithm>
#include <utility>

namespace bgplb::core {

void becameWell(Flapping& flapping, TimePoint now, bool before) {
  flapping.wellSince = before ? TimePoint::min() : now;
}

void becameIll(Flapping& flapping, bool failed, TimePoint now) {
  const auto since = std::exchange(flapping.wellSince, std::nullopt);
  if (!failed) return;
  const bool calm = !since || *since == TimePoint::min() || now - *since >= kCalm;
  flapping.failures = calm ? 1 : flapping.failures + 1;
  flapping.failedAt = now;
}

TimePoint heldUntil(const Flapping& flapping, const FlapPolicy& policy) {
  if (!flapping.failedAt || flapping.failures <= kTolerated) return TimePoint::min();
  const unsigned doublings = std::min(flapping.failures - kTolerated - 1, kMostDoublings);
  return *flapping.failedAt + policy.holdDown * (1U << doublings);
}

TimePoint risenAt(const Flapping& flapping, const FlapPolicy& policy) {
  if (!flapping.wellSince || *flapping.wellSince == TimePoint::min()) return TimePoint::min();
  return *flapping.wellSince + policy.riseTime;
}

}  // namespace bgplb::core
