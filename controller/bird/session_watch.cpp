#include "bird/session_watch.hpp"

#include "base/log.hpp"

#include <algorithm>

namespace bgplb::bird {

namespace {

// A session is established in one or two seconds; the peer's retry timers may add a few more.
constexpr std::chrono::seconds kNoSessionAfter{15};

constexpr const char* kEstablished = "Established";

}  // namespace

void SessionWatch::update(const std::vector<PeerStatus>& peers, Clock::time_point now) {
  std::map<std::string, Known> present;
  for (const auto& peer : peers) {
    const auto before = known_.find(peer.name);
    Known known;
    known.downSince = now;
    if (before != known_.end()) known = before->second;
    if (before == known_.end() || known.state != peer.state) lastChange_ = now;
    compare(peer, known, now);
    present[peer.name] = std::move(known);
  }
  known_ = std::move(present);
}

void SessionWatch::compare(const PeerStatus& peer, Known& known, Clock::time_point now) {
  const bool wasUp = known.state == kEstablished;
  const bool isUp = peer.isEstablished();
  if (isUp && !wasUp) {
    log::info("peer {} AS {}: session established", peer.address, peer.as);
    known.noSessionLogged = false;
  }
  if (!isUp && wasUp) {
    log::warning("peer {} AS {}: session lost, now {}: {}", peer.address, peer.as, peer.state,
                 peer.lastError.empty() ? "no reason given" : peer.lastError);
    known.downSince = now;
  }
  known.state = peer.state;

  const bool portTaken = !isUp && cannotListen(peer);
  if (portTaken && !known.portTaken) {
    log::error("peer {}: BIRD cannot listen on its port, another program has it; retrying",
               peer.address);
  }
  if (!portTaken && known.portTaken) {
    log::info("peer {}: resolved: BIRD listens on its port", peer.address);
  }
  known.portTaken = portTaken;

  if (!isUp && !portTaken && !known.noSessionLogged && now - known.downSince > kNoSessionAfter) {
    log::warning("peer {} AS {}: no session for {} s, state {}: {}", peer.address, peer.as,
                 kNoSessionAfter.count(), peer.state,
                 peer.lastError.empty() ? "no answer (address, password?)" : peer.lastError);
    known.noSessionLogged = true;
  }
}

bool SessionWatch::anyEstablished() const {
  return std::any_of(known_.begin(), known_.end(),
                     [](const auto& entry) { return entry.second.state == kEstablished; });
}

bool SessionWatch::allEstablished() const {
  return std::all_of(known_.begin(), known_.end(),
                     [](const auto& entry) { return entry.second.state == kEstablished; });
}

}  // namespace bgplb::bird
