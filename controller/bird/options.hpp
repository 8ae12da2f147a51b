#pragma once
// How BIRD is started and stopped. App fills BirdOptions and chooses the StopMode.

#include <string>

namespace bgplb::bird {

struct BirdOptions {
  std::string birdBinary = "bird";         // a path, or a name searched in PATH
  std::string runDir;                      // for all of RunPaths; created if missing
  std::string templatePath;                // bird.conf.mustache, read once, at the first setModel()
  std::string sessionsFile;                // of the LastUpStamp; empty: bird.sessions in runDir
  std::string program = "/proc/self/exe";  // bgplb, for its command no-delay
};

enum class StopMode {
  Withdraw,         // BIRD closes its sessions with Cease and ends; peers drop the routes at once
  GracefulRestart,  // BIRD ends without a NOTIFICATION; peers keep stale routes (RFC 4724)
  LeaveRunning,     // BIRD keeps running; the next controller adopts it
};

}  // namespace bgplb::bird
