#pragma once
// What the controller reports to PID 1 (init/): a heartbeat (io/heartbeat.hpp), one byte each
// second through a pipe, and its exit status. PID 1 passes the number of the descriptor in the
// environment.

#include <chrono>

namespace bgplb::heartbeat {

inline constexpr const char* kVariable = "BGPLB_HEARTBEAT";
inline constexpr std::chrono::seconds kInterval{1};

inline constexpr char kAlive = 'a';
// The controller has acted on the first lists from dockerd, or has stopped waiting for them. From
// now on it decides which VIPs are announced.
inline constexpr char kInCharge = 'c';

// ORPHAN_TIME, if it is not set: without a controller in charge for this long, PID 1 ends BIRD.
inline constexpr std::chrono::seconds kOrphanTime{300};

// Exit status of a controller that could not start now, but may succeed later (EX_TEMPFAIL of
// sysexits.h).
inline constexpr int kCannotStartYet = 75;

}  // namespace bgplb::heartbeat
