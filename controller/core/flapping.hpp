#pragma once
// A backend whose health comes and goes is a trouble for every router on the way: each change is an
// UPDATE, and moves flows. So a backend comes back only when it has been well for a while, and one
// that failed again and again stays away for a growing time (the idea of RFC 2439, by failures of a
// container and not by routes).

#include <chrono>
#include <optional>

namespace bgplb::core {

using TimePoint = std::chrono::steady_clock::time_point;

struct FlapPolicy {
  std::chrono::milliseconds riseTime{0};      // RISE_TIME: well for so long before it is ready
  std::chrono::milliseconds holdDown{10'000};  // HOLD_DOWN: kept away after the third failure

  friend bool operator==(const FlapPolicy&, const FlapPolicy&) = default;
};

// Failures count together until a backend has been well for this long.
inline constexpr std::chrono::seconds kCalm{60};
inline constexpr unsigned kTolerated = 2;    // failures that cost nothing
inline constexpr unsigned kMostDoublings = 3;  // the hold time is at most HOLD_DOWN * 8

// What is remembered of a container, over its runs.
struct Flapping {
  std::optional<TimePoint> wellSince;  // running and not known to be ill
  std::optional<TimePoint> heldUntil;
  unsigned failures = 0;
};

// It became well; `known` if it was well already before we were started.
void becameWell(Flapping& flapping, TimePoint now, bool known);
// It stopped being well: by failing (unhealthy, or ended without having been told to), or otherwise.
void becameIll(Flapping& flapping, bool failed, const FlapPolicy& policy, TimePoint now);

// When a well container may be ready; in the past if nothing holds it.
TimePoint risenAt(const Flapping& flapping, const FlapPolicy& policy);

}  // namespace bgplb::core
