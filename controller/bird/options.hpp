#pragma once
// How BIRD is run, and how it is left at the end.

#include <string>

namespace bgplb::bird {

struct BirdOptions {
  std::string birdBinary = "bird";  // a path, or a name searched in PATH
  std::string runDir;               // made if need be (0700); what BIRD and we share is in it
  std::string templatePath;         // bird.conf.mustache, read at each setModel()
  std::string sessionsFile;         // a LastUpStamp; bird.sessions in runDir if empty
};

enum class StopMode {
  Withdraw,         // BIRD closes its sessions with Cease, so that peers withdraw at once, and ends
  GracefulRestart,  // BIRD ends without a NOTIFICATION; peers keep stale routes (RFC 4724)
  LeaveRunning,     // BIRD goes on; the next controller adopts it
};

}  // namespace bgplb::bird
