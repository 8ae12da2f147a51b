#pragma once
// What is noticed, and said once, when one look at the sessions is compared with the one before.

#include "bird/status.hpp"

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace bgplb::bird {

class SessionWatch {
 public:
  using Clock = std::chrono::steady_clock;

  // Logs sessions that came up or went down, and troubles that begin or end.
  void look(const std::vector<PeerStatus>& peers, Clock::time_point now);
  // BIRD died or was started: none is up, and that is told already.
  void forget() { known_.clear(); }

  bool anyEstablished() const;
  bool allEstablished() const;
  // The time at which a session changed its state last, or was first seen.
  Clock::time_point lastChange() const { return lastChange_; }

 private:
  struct Known {
    std::string state;
    bool portTaken = false;   // said
    bool complained = false;  // that it does not come up
    Clock::time_point downSince;
  };

  void compare(const PeerStatus& peer, Known& known, Clock::time_point now);

  std::map<std::string, Known> known_;  // by address
  Clock::time_point lastChange_;
};

}  // namespace bgplb::bird
