#pragma once
// Compares each poll of the sessions with the previous one, and logs each change once. SessionPoll
// owns it.

#include "bird/status.hpp"

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace bgplb::bird {

class SessionWatch {
 public:
  using Clock = std::chrono::steady_clock;

  // Logs sessions that were established or lost, and problems that begin or end.
  void update(const std::vector<PeerStatus>& peers, Clock::time_point now);
  // BIRD has ended or was started: no session is up. The caller logs the reason.
  void forget() { known_.clear(); }

  bool anyEstablished() const;
  bool allEstablished() const;
  // When a session last changed its state or appeared.
  Clock::time_point lastChange() const { return lastChange_; }

 private:
  struct Known {
    std::string state;
    bool portTaken = false;        // logged
    bool noSessionLogged = false;  // logged that the session is not established
    Clock::time_point downSince;
  };

  void compare(const PeerStatus& peer, Known& known, Clock::time_point now);

  std::map<std::string, Known> known_;  // by protocol name
  Clock::time_point lastChange_;
};

}  // namespace bgplb::bird
