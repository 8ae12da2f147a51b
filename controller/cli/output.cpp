#include "cli/output.hpp"

#include "base/printable.hpp"
#include "cli/command.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

namespace bgplb::cli {

void reserveStandardDescriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(fd, F_GETFD) >= 0) continue;
    // open(2) returns the lowest free number, which is `fd`. The access mode makes every use fail.
    [[maybe_unused]] const int opened = open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

int print(std::string_view text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (written && std::fflush(stdout) == 0) return 0;
  complain(std::string("cannot write to standard output: ") + std::strerror(errno));
  return kFailed;
}

void complain(std::string_view message) {
  const std::string line = "bgplb: " + printable(message) + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace bgplb::cli
