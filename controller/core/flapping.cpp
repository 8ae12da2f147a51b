#include "core/flapping.hpp"

#include <algorithm>
#include <utility>

namespace bgplb::core {

void becameWell(Flapping& flapping, TimePoint now, bool known) {
  flapping.wellSince = known ? TimePoint::min() : now;
}

void becameIll(Flapping& flapping, bool failed, const FlapPolicy& policy, TimePoint now) {
  const auto since = std::exchange(flapping.wellSince, std::nullopt);
  if (!failed) return;
  const bool calm = !since || *since == TimePoint::min() || now - *since >= kCalm;
  flapping.failures = calm ? 1 : flapping.failures + 1;
  if (flapping.failures <= kTolerated || policy.holdDown.count() == 0) {
    flapping.heldUntil.reset();
    return;
  }
  const unsigned doublings = std::min(flapping.failures - kTolerated - 1, kMostDoublings);
  flapping.heldUntil = now + policy.holdDown * (1U << doublings);
}

TimePoint risenAt(const Flapping& flapping, const FlapPolicy& policy) {
  if (!flapping.wellSince || *flapping.wellSince == TimePoint::min()) return TimePoint::min();
  return *flapping.wellSince + policy.riseTime;
}

}  // namespace bgplb::core
