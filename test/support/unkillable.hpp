#pragma once
// Simulates a program in uninterruptible sleep: after SIGKILL, it cannot be reaped. Its own child
// traces it (ptrace(2)), and a traced program can be reaped only after the tracer has released it.
// No kernel driver is needed.

#include "io/process.hpp"
#include "support/catch.hpp"
#include "support/run_until.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

namespace bgplb::test {

// The tag of the hidden test case that implements the program (unkillable.cpp).
inline constexpr const char* kUnkillable = "[.unkillable]";

class Unkillable {
 public:
  Unkillable() {
    std::string folder = "/tmp/bgplb-unkillable-XXXXXX";
    REQUIRE(mkdtemp(folder.data()) != nullptr);
    folder_ = folder;
    REQUIRE(mkfifo(gate().c_str(), 0600) == 0);
  }
  Unkillable(const Unkillable&) = delete;
  Unkillable& operator=(const Unkillable&) = delete;
  ~Unkillable() {
    unlink(gate().c_str());
    rmdir(folder_.c_str());
  }

  // The FIFO on which the tracer waits. The program reads this path from its standard input.
  std::string gate() const { return folder_ + "/gate"; }
  static std::string program() {
    std::array<char, 4096> path{};
    REQUIRE(readlink("/proc/self/exe", path.data(), path.size() - 1) > 0);
    return path.data();
  }
  io::Command command(std::chrono::milliseconds deadline) const {
    return {.argv = {program(), kUnkillable}, .input = gate(), .deadline = deadline};
  }
  // Ends the tracer, so that the program can be reaped. False: no tracer waits on the FIFO.
  bool release() const {
    const auto end = std::chrono::steady_clock::now() + kDeadline;
    while (std::chrono::steady_clock::now() < end) {
      const int fd = open(gate().c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
      if (fd >= 0) {
        close(fd);
        return true;
      }
      std::this_thread::yield();
    }
    return false;
  }

 private:
  std::string folder_;
};

}  // namespace bgplb::test
