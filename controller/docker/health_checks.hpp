#pragma once
// Distinguishes a health check that failed from one that could not run. While runc or containerd is
// replaced, dockerd cannot execute any check and reports every container as unhealthy, on all hosts
// that are upgraded at the same hour. Owned by EngineDialogue. Pure.
//
// dockerd sends `exec_die` when a check has run, before the `health_status` that follows from it.
// So `unhealthy` after a check that succeeded is doubtful: an inspection shows why dockerd reported
// it (engine_codec.hpp). An `unhealthy` after a failed check withdraws the VIP at once.

#include "core/fold_containers.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace bgplb::docker {

class HealthChecks {
 public:
  using TimePoint = core::TimePoint;
  // A doubtful `unhealthy` counts if dockerd does not answer the inspection within this time.
  static constexpr std::chrono::milliseconds kPatience{1000};

  // A process executed in the container has ended. `docker exec` causes the same event as a check.
  void ended(const ContainerId& id, bool succeeded);
  bool lastSucceeded(const ContainerId& id) const { return succeeded_.contains(id); }

  void doubt(const ContainerId& id, TimePoint now) { doubtful_.try_emplace(id, now + kPatience); }
  // The container's health is known, from an event or an inspection.
  void decided(const ContainerId& id) { doubtful_.erase(id); }
  std::vector<ContainerId> takeOverdue(TimePoint now);
  std::optional<TimePoint> due() const;

  // Whether the container's check cannot run; dockerd then reports no later failure of the check.
  // True: this has changed.
  bool setBroken(const ContainerId& id, bool broken);
  bool isBroken(const ContainerId& id) const { return broken_.contains(id); }
  void forget(const ContainerId& id);  // the container has ended

 private:
  std::set<ContainerId> succeeded_;
  std::map<ContainerId, TimePoint> doubtful_;
  std::set<ContainerId> broken_;
};

}  // namespace bgplb::docker
