#pragma once
// Damps flapping backends. Each change of a backend's health costs every router on the path an
// UPDATE and moves flows. So a backend becomes ready only after RISE_TIME without a failure, and
// after repeated failures it is held down for a growing time. The idea is route flap damping (RFC
// 2439), but it counts failures of a container instead of route changes. fold_containers.cpp
// records the changes of health, readiness.cpp and desired.cpp evaluate them.

#include <chrono>
#include <optional>

namespace bgplb::core {

using TimePoint = std::chrono::steady_clock::time_point;

struct FlapPolicy {
  std::chrono::milliseconds riseTime{0};       // RISE_TIME: from well to ready
  std::chrono::milliseconds holdDown{10'000};  // HOLD_DOWN: hold-down after the third failure

  friend bool operator==(const FlapPolicy&, const FlapPolicy&) = default;
};

// A failure of a backend that was well for this long begins a new count.
inline constexpr std::chrono::seconds kCalm{60};
inline constexpr unsigned kTolerated = 2;      // failures without a hold-down
inline constexpr unsigned kMostDoublings = 3;  // the hold-down is at most HOLD_DOWN * 8

// The failure history of one container, across its runs. "Well" means: running, with a carrier on
// each VIP network, and healthy or, as an inspection has shown, without a health check.
struct Flapping {
  std::optional<TimePoint> wellSince;  // none: not well
  std::optional<TimePoint> failedAt;   // the last failure
  unsigned failures = 0;
};

// The container became well. `before`: it was well before this program started.
void becameWell(Flapping& flapping, TimePoint now, bool before);
// The container is no longer well. `failed`: it became unhealthy, ended without a stop signal, or
// set its interface on a VIP network down.
void becameIll(Flapping& flapping, bool failed, TimePoint now);

// The end of the hold-down; in the past if the container is not held down.
TimePoint heldUntil(const Flapping& flapping, const FlapPolicy& policy);
// When RISE_TIME is over for a well container, regardless of hold-down; in the past if nothing
// delays it.
TimePoint risenAt(const Flapping& flapping, const FlapPolicy& policy);

}  // namespace bgplb::core
