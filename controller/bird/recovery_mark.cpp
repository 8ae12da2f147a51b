#include "bird/recovery_mark.hpp"

#include "io/file.hpp"

#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <charconv>

namespace bgplb::bird {

namespace {

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

}  // namespace

Result<void> RecoveryMark::refresh() {
  return io::replaceFile(path_, fmt::format("{} {}\n", bootId(), secondsSinceBoot()), 0600);
}

void RecoveryMark::clear() { ::unlink(path_.c_str()); }

bool RecoveryMark::isYoungerThan(std::chrono::seconds age) const {
  const auto text = io::readFile(path_);
  if (!text) return false;
  const auto space = text->find(' ');
  if (space == std::string::npos || text->substr(0, space) != bootId()) return false;
  std::int64_t then = 0;
  const auto [end, code] =
      std::from_chars(text->data() + space + 1, text->data() + text->size(), then);
  return code == std::errc{} && secondsSinceBoot() - then < age.count();
}

}  // namespace bgplb::bird
