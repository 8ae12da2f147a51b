#include "bird/recovery_mark.hpp"

#include "io/file.hpp"

#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <optional>
#include <sstream>

namespace bgplb::bird {

namespace {

constexpr int kVersion = 1;

// Another boot cannot be taken for this one: its clock started anew, but so did its id.
std::string bootId() {
  const auto text = io::readFile("/proc/sys/kernel/random/boot_id");
  return text ? text->substr(0, text->find('\n')) : std::string("unknown");
}

std::int64_t secondsSinceBoot() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return now.tv_sec;
}

// Seconds since boot at which the sessions were up, by a process of this boot.
std::optional<std::int64_t> lastSeen(const std::string& path) {
  const auto text = io::readFile(path);
  if (!text) return std::nullopt;
  std::istringstream words(*text);
  int version = 0;
  std::string boot;
  std::int64_t seconds = 0;
  if (!(words >> version >> boot >> seconds) || version != kVersion || boot != bootId()) {
    return std::nullopt;
  }
  return seconds;
}

}  // namespace

Result<void> RecoveryMark::refresh() {
  return io::replaceFile(path_, fmt::format("{} {} {}\n", kVersion, bootId(), secondsSinceBoot()),
                         0600);
}

void RecoveryMark::clear() { ::unlink(path_.c_str()); }

bool RecoveryMark::isOfThisBoot() const { return lastSeen(path_).has_value(); }

bool RecoveryMark::isYoungerThan(std::chrono::seconds age) const {
  const auto then = lastSeen(path_);
  return then && secondsSinceBoot() - *then < age.count();
}

}  // namespace bgplb::bird
