#include "bird/last_up_stamp.hpp"

#include "io/file.hpp"

#include <fmt/format.h>
#include <time.h>

#include <sstream>
#include <utility>

namespace bgplb::bird {

namespace {

constexpr int kVersion = 1;

// Distinguishes boots: CLOCK_BOOTTIME restarts at zero with each boot.
std::string bootId() {
  const auto text = io::readFile("/proc/sys/kernel/random/boot_id");
  return text ? text->substr(0, text->find('\n')) : std::string("unknown");
}

std::int64_t secondsSinceBoot() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return now.tv_sec;
}

std::optional<std::int64_t> read(const std::string& path) {
  const auto text = io::readFile(path);
  if (!text) return std::nullopt;
  std::istringstream fields(*text);
  int version = 0;
  std::string boot;
  std::int64_t seconds = 0;
  if (!(fields >> version >> boot >> seconds) || version != kVersion || boot != bootId()) {
    return std::nullopt;
  }
  return seconds;
}

}  // namespace

LastUpStamp::LastUpStamp(boost::asio::any_io_executor executor, io::BackgroundFile::Options file,
                         io::BackgroundFile::Report report)
    : lastUp_(read(file.path)), file_(std::move(executor), std::move(file), std::move(report)) {}

void LastUpStamp::refresh() {
  lastUp_ = secondsSinceBoot();
  file_.write(fmt::format("{} {} {}\n", kVersion, bootId(), *lastUp_));
}

void LastUpStamp::clear() {
  lastUp_.reset();
  file_.remove();
}

bool LastUpStamp::isYoungerThan(std::chrono::seconds age) const {
  return lastUp_ && secondsSinceBoot() - *lastUp_ < age.count();
}

}  // namespace bgplb::bird
