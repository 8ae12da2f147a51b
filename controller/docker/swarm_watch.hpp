#pragma once
// On a Swarm manager: looks at the cluster's services and notes what no plugin call shows (see
// core/swarm.hpp). Only reads, and only where a network of ours is cluster-wide; on a worker, which
// cannot see services, nothing is noted.

#include "core/swarm.hpp"
#include "docker/engine_client.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace bgplb::docker {

class SwarmWatch {
 public:
  explicit SwarmWatch(EngineClient& engine) : engine_(engine) {}

  // Networks of this driver: all of them, or one more.
  void takeNetworks(const std::vector<core::NetworkReport>& ours);
  void takeNetwork(const core::NetworkReport& network);
  void dropNetwork(const NetworkId& id) { networks_.erase(id); }
  // One look at a time; what is asked for meanwhile is one more.
  Task<> look();

  const std::set<std::string>& notes() const { return notes_; }

 private:
  Task<> lookOnce();
  void conclude(const std::vector<core::ServiceReport>& services);

  EngineClient& engine_;
  std::map<NetworkId, core::NetworkReport> networks_;  // cluster-wide
  std::set<std::string> notes_;
  bool looking_ = false;
  bool again_ = false;
};

}  // namespace bgplb::docker
