#pragma once
// A backend whose health comes and goes costs every router on the path an UPDATE and moves flows.
// So a backend comes back only after it has been well for a while, and a backend that failed again
// and again stays away for a growing time (the idea of RFC 2439, by failures of a container and not
// by routes).

#include <chrono>
#include <optional>

namespace bgplb::core {

using TimePoint = std::chrono::steady_clock::time_point;

struct FlapPolicy {
  std::chrono::milliseconds riseTime{0};       // RISE_TIME: well for so long before it is ready
  std::chrono::milliseconds holdDown{10'000};  // HOLD_DOWN: kept away after the third failure

  friend bool operator==(const FlapPolicy&, const FlapPolicy&) = default;
};

// Failures count together until a backend has been well for this long.
inline constexpr std::chrono::seconds kCalm{60};
inline constexpr unsigned kTolerated = 2;      // failures that cost nothing
inline constexpr unsigned kMostDoublings = 3;  // the hold time is at most HOLD_DOWN * 8

// What is remembered of a container, over its runs.
struct Flapping {
  std::optional<TimePoint> wellSince;  // running and not known to be ill
  std::optional<TimePoint> failedAt;   // last
  unsigned failures = 0;
};

// The container became well; `before` if it was well already before this program started.
void becameWell(Flapping& flapping, TimePoint now, bool before);
// The container stopped being well: by a failure (unhealthy, or ended without a stop signal), or
// otherwise.
void becameIll(Flapping& flapping, bool failed, TimePoint now);

// Until when the container is held down; in the past if it is not.
TimePoint heldUntil(const Flapping& flapping, const FlapPolicy& policy);
// When a well container may be ready, hold-down aside; in the past if nothing delays it.
TimePoint risenAt(const Flapping& flapping, const FlapPolicy& policy);

}  // namespace bgplb::core
