#pragma once
// Decides whether the controller hangs, and whether the host has been without a controller in
// charge for too long. Used by init.cpp. Pure, and header-only because PID 1 links no library.
//
// Time in which PID 1 itself did not run (a suspended host, a frozen cgroup) does not count: the
// controller did not run either.

#include "base/heartbeat.hpp"

#include <chrono>
#include <optional>

namespace bgplb::init {

class ControllerWatch {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr std::chrono::seconds kTick = heartbeat::kInterval;  // between calls of tick()
  static constexpr std::chrono::seconds kPatience{10};                 // between two heartbeats
  static constexpr std::chrono::seconds kStartPatience{60};            // until the first heartbeat

  // `orphanTime`: none: routes stay without a controller.
  ControllerWatch(std::optional<std::chrono::seconds> orphanTime, Clock::time_point now)
      : orphanTime_(orphanTime), lastTick_(now), lastInCharge_(now), lastBeat_(now) {}

  void started(Clock::time_point now) {
    awaited_ = true;
    lastBeat_ = now;
    patience_ = kStartPatience;
  }
  void ended() { awaited_ = false; }
  void heard(char byte, Clock::time_point now) {
    if (!awaited_) return;
    lastBeat_ = now;
    patience_ = kPatience;
    if (byte != heartbeat::kInCharge) return;
    lastInCharge_ = now;
    orphaned_ = false;
  }

  void tick(Clock::time_point now) {
    const auto late = now - lastTick_ - kTick;
    lastTick_ = now;
    if (late < kTick) return;
    lastInCharge_ += late;
    lastBeat_ += late;
  }
  // The controller has been silent for too long. True once for each controller.
  bool hangs(Clock::time_point now) {
    if (!awaited_ || now - lastBeat_ < patience_) return false;
    awaited_ = false;
    return true;
  }
  // No controller was in charge for the orphan time. Stays true until a controller is in charge.
  bool isOrphaned(Clock::time_point now) {
    if (orphanTime_ && now - lastInCharge_ >= *orphanTime_) orphaned_ = true;
    return orphaned_;
  }

 private:
  std::optional<std::chrono::seconds> orphanTime_;
  Clock::time_point lastTick_;
  Clock::time_point lastInCharge_;
  Clock::time_point lastBeat_;
  bool awaited_ = false;  // false: no controller runs, or it hangs
  Clock::duration patience_ = kStartPatience;
  bool orphaned_ = false;
};

}  // namespace bgplb::init
