#pragma once
// Creates network namespaces for tests that need the real kernel. Needs root.

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>

namespace bgplb::test {

struct Shell {
  int status = 0;
  std::string out;  // standard output and standard error
};

inline Shell tryShell(const std::string& command) {
  FILE* pipe = popen(("exec 2>&1; " + command).c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("popen: " + std::string(std::strerror(errno)));
  Shell shell;
  std::array<char, 4096> chunk;
  std::size_t got = 0;
  while ((got = fread(chunk.data(), 1, chunk.size(), pipe)) > 0)
    shell.out.append(chunk.data(), got);
  const int status = pclose(pipe);
  shell.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  return shell;
}

// Runs a command in the calling thread's namespace and returns its output. Throws if it fails.
inline std::string shell(const std::string& command) {
  const Shell done = tryShell(command);
  if (done.status != 0) throw std::runtime_error(command + ": " + done.out);
  return done.out;
}

// False: the kernel runs with ipv6.disable=1, or was built without IPv6.
inline bool hasIpv6() { return access("/proc/thread-self/net/if_inet6", F_OK) == 0; }

// A new namespace for a client or a container, which exists as long as the object. The calling
// thread does not enter it.
class Netns {
 public:
  Netns() {
    const int before = open(kSelf, O_RDONLY | O_CLOEXEC);
    if (before < 0 || unshare(CLONE_NEWNET) != 0) {
      throw std::runtime_error("tests in network namespaces need root: " +
                               std::string(std::strerror(errno)));
    }
    fd_ = open(kSelf, O_RDONLY | O_CLOEXEC);
    if (setns(before, CLONE_NEWNET) != 0) throw std::runtime_error("setns");
    close(before);
  }
  Netns(const Netns&) = delete;
  Netns& operator=(const Netns&) = delete;
  ~Netns() { close(fd_); }

  int fd() const { return fd_; }
  // The path for `ip link set ... netns`.
  std::string path() const {
    return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(fd_);
  }
  std::string inside(const std::string& command) const {
    return "nsenter --net=" + path() + " " + command;
  }
  std::string shell(const std::string& command) const { return test::shell(inside(command)); }

 private:
  static constexpr const char* kSelf = "/proc/thread-self/ns/net";
  int fd_ = -1;
};

// Moves the calling thread, and the processes and threads that it starts, into a new namespace
// while the object exists.
class ScopedNetns {
 public:
  ScopedNetns() : before_(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
    if (before_ < 0 || setns(netns_.fd(), CLONE_NEWNET) != 0) throw std::runtime_error("setns");
    test::shell("ip link set lo up");
  }
  ScopedNetns(const ScopedNetns&) = delete;
  ScopedNetns& operator=(const ScopedNetns&) = delete;
  ~ScopedNetns() {
    if (setns(before_, CLONE_NEWNET) != 0)
      std::abort();  // other tests must not run in this namespace
    close(before_);
  }

  std::string path() const { return netns_.path(); }

 private:
  Netns netns_;
  int before_;
};

}  // namespace bgplb::test
