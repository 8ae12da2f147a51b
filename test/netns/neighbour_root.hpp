#pragma once
// The root filesystem of test/neighbours, with programs as their Debian packages install them.
// Each run of test/neighbours discards the changes of its files.

#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/scoped_netns.hpp"

#include <signal.h>

#include <cstdlib>
#include <string>

namespace bgplb::test::neighbour_root {

inline std::string root() {
  const char* const made = std::getenv("BGPLB_NEIGHBOURS");
  REQUIRE(made != nullptr);
  return made;
}

inline std::string inRoot(const std::string& command) { return "chroot " + root() + " " + command; }

inline void startDbus() {
  shell(inRoot("sh -c 'mkdir -p /run/dbus; dbus-daemon --system --fork --nopidfile'"));
}

// A process in the namespace of the calling thread, ended with the object. Its output is in `log`.
class Service {
 public:
  explicit Service(const std::string& command, const std::string& log = root() + "/run/service.log")
      : pid_(std::stoi(shell(command + " >" + log + " 2>&1 </dev/null & echo $!"))) {}
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  ~Service() {
    ::kill(pid_, SIGTERM);
    eventually([this] { return ::kill(pid_, 0) != 0; });
  }

  bool isRunning() const { return ::kill(pid_, 0) == 0; }

 private:
  pid_t pid_;
};

}  // namespace bgplb::test::neighbour_root
