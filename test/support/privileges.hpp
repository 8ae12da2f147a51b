#pragma once
// Runs parts of a test with the credentials of the plugin's processes. Needs root.

#include "base/capabilities.hpp"
#include "bird/user.hpp"
#include "io/file.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace bgplb::test {

inline bool isRoot() { return ::geteuid() == 0; }

// Runs `work` in a separate thread with the capabilities of PID 1 and the controller. The programs
// that `work` starts have the same capabilities.
inline void asTheController(const std::function<void()>& work) {
  bool limited = false;
  std::exception_ptr failure;
  std::thread([&] {
    limited = capabilities::limitBoundingSet(capabilities::kPlugin) &&
              capabilities::limit(capabilities::kPlugin, 0);
    try {
      if (limited) work();
    } catch (...) {
      failure = std::current_exception();
    }
  }).join();
  if (failure) std::rethrow_exception(failure);
  if (!limited) throw std::runtime_error("cannot drop capabilities");
}

// What `call` returns in a process with BIRD's credentials: 0, or the errno of a failed call.
inline int asBird(const std::function<bool()>& call) {
  constexpr int kNotBird = 255;
  const pid_t child = ::fork();
  if (child == 0) {
    if (!bird::becomeUser(bird::kBirdUser)) ::_exit(kNotBird);
    ::_exit(call() ? 0 : errno);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status) ||
      WEXITSTATUS(status) == kNotBird) {
    throw std::runtime_error("cannot run as BIRD's user");
  }
  return WEXITSTATUS(status);
}

// The lines of /proc/PID/status with these names, such as "Uid" or "CapEff".
inline std::string statusLines(pid_t pid, const std::vector<std::string>& names) {
  const auto text = io::readFile("/proc/" + std::to_string(pid) + "/status");
  std::string lines;
  for (const auto& name : names) {
    const auto at = text ? text->find("\n" + name + ":") : std::string::npos;
    if (at != std::string::npos) lines += text->substr(at + 1, text->find('\n', at + 1) - at);
  }
  return lines;
}

}  // namespace bgplb::test
