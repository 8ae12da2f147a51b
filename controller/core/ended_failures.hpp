#pragma once
// The failures of containers that have ended. Swarm, `docker run --rm` and Compose replace a
// container that crashed by a new one, so the next container of the service takes over its failure
// history. Otherwise a service that crashes again and again would never be held down.

#include "base/ids.hpp"
#include "core/flapping.hpp"

#include <map>
#include <string>

namespace bgplb::core {

class EndedFailures {
 public:
  // Long enough for the pause that Swarm, systemd or Docker's restart policy makes between two
  // attempts.
  static constexpr std::chrono::minutes kKept{10};

  // The container ended. A replacement has the same `service`; without a service or without
  // failures, nothing is stored.
  void store(const std::string& service, const ContainerId& id, const Flapping& flapping);
  // A container of the service runs. Returns its failure history. A stored container gets its own
  // history back; any other container takes over the history of the container that failed last. A
  // history is returned once, so that one crash counts for one replacement.
  Flapping take(const std::string& service, const ContainerId& id, const Flapping& own);
  void forgetOld(TimePoint now);
  bool empty() const { return byService_.empty(); }

 private:
  std::map<std::string, std::map<ContainerId, Flapping>> byService_;
};

}  // namespace bgplb::core
