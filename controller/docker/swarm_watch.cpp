#include "docker/swarm_watch.hpp"

#include <utility>

namespace bgplb::docker {

void SwarmWatch::takeNetworks(const std::vector<core::NetworkReport>& ours) {
  networks_.clear();
  for (const auto& network : ours) takeNetwork(network);
}

void SwarmWatch::takeNetwork(const core::NetworkReport& network) {
  if (network.clusterWide) networks_.insert_or_assign(network.id, network);
}

void SwarmWatch::refresh() {
  if (networks_.empty()) {
    setNotes({});
  } else if (inFlight_) {
    refreshAgain_ = true;
  } else {
    inFlight_ = true;
    queue_.add(ListServices{}, Urgency::Event);
  }
}

void SwarmWatch::answered(const Result<std::vector<core::ServiceReport>>& services) {
  inFlight_ = false;
  // Ignore a failure: this node is a worker, or dockerd does not answer. The list round logs the
  // latter.
  if (services) {
    std::vector<core::NetworkReport> networks;
    for (const auto& [id, network] : networks_) networks.push_back(network);
    setNotes(core::swarmNotes(networks, *services));
  }
  if (std::exchange(refreshAgain_, false)) refresh();
}

void SwarmWatch::setNotes(std::set<std::string> notes) {
  for (const auto& note : notes) {
    if (!notes_.contains(note)) changes_.added.push_back(note);
  }
  for (const auto& note : notes_) {
    if (!notes.contains(note)) changes_.resolved.push_back(note);
  }
  notes_ = std::move(notes);
}

}  // namespace bgplb::docker
