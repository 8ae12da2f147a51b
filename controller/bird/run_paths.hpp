#pragma once
// The paths of the files that the controller shares with BIRD, all in the run directory. BIRD may
// create files only in `ownDirectory`: the run directory also has the plugin's socket, which BIRD
// must not be able to replace. BirdRouting makes one and passes it to its parts.

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
        ownDirectory(directory + "/" + kOwnDirectory),
        socket(directory + "/" + kSocket),
        pid(directory + "/bird.pid"),
        log(directory + "/bird.log"),
        sessions(directory + "/bird.sessions") {}

  static constexpr const char* kOwnDirectory = "bird";
  static constexpr const char* kSocket = "bird/bird.ctl";  // the target of the link `control`

  std::string directory;
  std::string main;
  std::string vips4;
  std::string vips6;
  std::string pending;  // exists while BIRD may not have read the latest files
  std::string control;  // a link to `socket`; the socket itself if BIRD runs as root
  std::string ownDirectory;
  std::string socket;  // BIRD's control socket
  std::string pid;
  std::string log;       // a FIFO
  std::string sessions;  // of the LastUpStamp, unless BirdOptions::sessionsFile is set
};

}  // namespace bgplb::bird
