#include "docker/swarm_watch.hpp"

#include "base/log.hpp"
#include "docker/engine_codec.hpp"

#include <utility>

namespace bgplb::docker {

void SwarmWatch::takeNetworks(const std::vector<core::NetworkReport>& ours) {
  networks_.clear();
  for (const auto& network : ours) takeNetwork(network);
}

void SwarmWatch::takeNetwork(const core::NetworkReport& network) {
  if (network.clusterWide) networks_.insert_or_assign(network.id, network);
}

Task<> SwarmWatch::look() {
  again_ = true;
  if (std::exchange(looking_, true)) co_return;
  while (std::exchange(again_, false)) co_await lookOnce();
  looking_ = false;
}

Task<> SwarmWatch::lookOnce() {
  if (networks_.empty()) {
    conclude({});
    co_return;
  }
  const auto answer = co_await engine_.get("/services");
  if (!answer) co_return;  // a worker, or no answer: the engine's silence is told by others
  const auto services = parseServiceList(*answer);
  if (services) conclude(*services);
}

void SwarmWatch::conclude(const std::vector<core::ServiceReport>& services) {
  std::vector<core::NetworkReport> networks;
  for (const auto& [id, network] : networks_) networks.push_back(network);
  auto notes = core::swarmNotes(networks, services);
  for (const auto& note : notes) {
    if (notes_.count(note) == 0) log::warning("swarm: {}", note);
  }
  for (const auto& note : notes_) {
    if (notes.count(note) == 0) log::info("no longer so: swarm: {}", note);
  }
  notes_ = std::move(notes);
}

}  // namespace bgplb::docker
