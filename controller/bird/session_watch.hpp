#pragma once
// Compares one poll of the sessions with the one before, and logs what has changed, once.

#include "bird/status.hpp"

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace bgplb::bird {

class SessionWatch {
 public:
  using Clock = std::chrono::steady_clock;

  // Logs sessions that came up or went down, and problems that begin or end.
  void update(const std::vector<PeerStatus>& peers, Clock::time_point now);
  // BIRD has ended or was started: no session is up. The caller has logged the reason.
  void forget() { known_.clear(); }

  bool anyEstablished() const;
  bool allEstablished() const;
  // When a session last changed its state or appeared.
  Clock::time_point lastChange() const { return lastChange_; }

 private:
  struct Known {
    std::string state;
    bool portTaken = false;   // logged
    bool complained = false;  // logged that the session does not come up
    Clock::time_point downSince;
  };

  void compare(const PeerStatus& peer, Known& known, Clock::time_point now);

  std::map<std::string, Known> known_;  // by protocol name
  Clock::time_point lastChange_;
};

}  // namespace bgplb::bird
