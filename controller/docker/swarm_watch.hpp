#pragma once
// On a Swarm manager: what the cluster's services say about mistakes that no plugin call shows (see
// core/swarm.hpp). Pure: the dialogue lists the services, and only while a network of this driver
// is cluster-wide. A worker cannot list services, so nothing is noted there.

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

  // Networks of this driver: all of them, or one more.
  void takeNetworks(const std::vector<core::NetworkReport>& ours);
  void takeNetwork(const core::NetworkReport& network);
  void dropNetwork(const NetworkId& id) { networks_.erase(id); }

  // Lists the services. One list is in flight at a time; a refresh meanwhile lists them once more.
  void refresh();
  // The answer to ListServices, or its failure.
  void answered(const Result<std::vector<core::ServiceReport>>& services);

  const std::set<std::string>& notes() const { return notes_; }
  // What changed in the notes since the last call.
  struct Changes {
    std::vector<std::string> added;
    std::vector<std::string> resolved;
  };
  Changes takeChanges() { return std::exchange(changes_, {}); }

 private:
  void setNotes(std::set<std::string> notes);

  QuestionQueue& queue_;
  std::map<NetworkId, core::NetworkReport> networks_;  // cluster-wide
  std::set<std::string> notes_;
  Changes changes_;
  bool inFlight_ = false;
  bool refreshAgain_ = false;
};

}  // namespace bgplb::docker
