#pragma once
// Captures the log lines, and all other output to standard error, while the object exists.

#include "base/log.hpp"
#include "support/catch.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

namespace bgplb::test {

class LogCapture {
 public:
  explicit LogCapture(log::Level level = log::Level::Info)
      : before_(dup(STDERR_FILENO)), file_(memfd_create("log", MFD_CLOEXEC)) {
    REQUIRE(dup2(file_, STDERR_FILENO) == STDERR_FILENO);
    log::start(level);
  }
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;
  ~LogCapture() { end(); }

  // Ends the capture and returns what was logged.
  std::string text() {
    end();
    std::string all(static_cast<std::size_t>(lseek(file_, 0, SEEK_END)), ' ');
    REQUIRE(pread(file_, all.data(), all.size(), 0) == static_cast<ssize_t>(all.size()));
    close(file_);
    return all;
  }

 private:
  void end() {
    if (before_ < 0) return;
    log::stop();
    dup2(before_, STDERR_FILENO);
    close(before_);
    before_ = -1;
  }

  int before_;
  int file_;
};

}  // namespace bgplb::test
