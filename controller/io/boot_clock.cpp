#include "io/boot_clock.hpp"

#include "io/file.hpp"

#include <time.h>

namespace bgplb::io {

std::string bootId() {
  const auto text = readFile("/proc/sys/kernel/random/boot_id");
  return text ? text->substr(0, text->find('\n')) : std::string("unknown");
}

std::chrono::milliseconds sinceBoot() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

}  // namespace bgplb::io
