#pragma once
// The paths of the files that the controller shares with BIRD, all in the run directory.
// BirdRouting makes one and passes it to its parts.

#include <string>

namespace bgplb::bird {

struct RunPaths {
  explicit RunPaths(const std::string& runDirectory)
      : directory(runDirectory),
        main(directory + "/bird.conf"),
        vips4(directory + "/vips4.conf"),
        vips6(directory + "/vips6.conf"),
        pending(directory + "/bird.pending"),
        control(directory + "/bird.ctl"),
        pid(directory + "/bird.pid"),
        log(directory + "/bird.log"),
        sessions(directory + "/bird.sessions") {}

  std::string directory;
  std::string main;
  std::string vips4;
  std::string vips6;
  std::string pending;  // exists while BIRD may not have read the latest files
  std::string control;  // BIRD's control socket
  std::string pid;
  std::string log;       // a FIFO
  std::string sessions;  // of the LastUpStamp, unless BirdOptions::sessionsFile is set
};

}  // namespace bgplb::bird
