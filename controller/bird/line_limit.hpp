#pragma once
// Limits the lines of BIRD's log that are forwarded: a repeated line once a minute, and at most 20
// lines a second. BIRD logs a line for each connection from an unknown address, so anybody who
// reaches its port could fill dockerd's log. Pure; owned by BirdLog.

#include <chrono>
#include <map>
#include <string>

namespace bgplb::bird {

class LineLimit {
 public:
  using Clock = std::chrono::steady_clock;

  bool admits(const std::string& text, Clock::time_point now);
  // The number of lines that exceeded the limit since the last call. Zero until the second of those
  // lines is over.
  unsigned takeOmitted(Clock::time_point now);

 private:
  std::map<std::string, Clock::time_point> recent_;  // line -> last occurrence
  Clock::time_point second_{};                       // begin of the current second
  unsigned inSecond_ = 0;
  unsigned omitted_ = 0;
};

}  // namespace bgplb::bird
