#pragma once
// Finds configuration mistakes of Swarm services that no plugin call shows (core/swarm.hpp). Works
// only on a Swarm manager, because a worker cannot list services. Lists the services only while a
// cluster-wide network of this driver exists. Owned by EngineDialogue. Pure.

#include "core/swarm.hpp"
#include "docker/question_queue.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace bgplb::docker {

class SwarmWatch {
 public:
  explicit SwarmWatch(QuestionQueue& queue) : queue_(queue) {}

  // The networks of this driver: takeNetworks() replaces all, takeNetwork() adds one.
  void takeNetworks(const std::vector<core::NetworkReport>& ours);
  void takeNetwork(const core::NetworkReport& network);
  void dropNetwork(const NetworkId& id) { networks_.erase(id); }

  // Lists the services. At most one list is in flight. A refresh during that time lists them again
  // afterwards.
  void refresh();
  // The answer to ListServices, or its failure.
  void answered(const Result<std::vector<core::ServiceReport>>& services);

  const std::set<std::string>& notes() const { return notes_; }
  // The notes that were added and removed since the last call of takeChanges().
  struct Changes {
    std::vector<std::string> added;
    std::vector<std::string> resolved;
  };
  Changes takeChanges() { return std::exchange(changes_, {}); }

 private:
  void setNotes(std::set<std::string> notes);

  QuestionQueue& queue_;
  std::map<NetworkId, core::NetworkReport> networks_;  // cluster-wide ones
  std::set<std::string> notes_;
  Changes changes_;
  bool inFlight_ = false;
  bool refreshAgain_ = false;
};

}  // namespace bgplb::docker
