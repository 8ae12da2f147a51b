#include "bird/last_up_stamp.hpp"

#include "io/boot_clock.hpp"
#include "io/file.hpp"

#include <fmt/format.h>

#include <sstream>
#include <utility>

namespace bgplb::bird {

namespace {

constexpr int kVersion = 1;

std::int64_t secondsSinceBoot() {
  return std::chrono::duration_cast<std::chrono::seconds>(io::sinceBoot()).count();
}

std::optional<std::int64_t> read(const std::string& path) {
  const auto text = io::readFile(path);
  if (!text) return std::nullopt;
  std::istringstream fields(*text);
  int version = 0;
  std::string boot;
  std::int64_t seconds = 0;
  if (!(fields >> version >> boot >> seconds) || version != kVersion || boot != io::bootId()) {
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
  file_.write(fmt::format("{} {} {}\n", kVersion, io::bootId(), *lastUp_));
}

void LastUpStamp::clear() {
  lastUp_.reset();
  file_.remove();
}

bool LastUpStamp::isYoungerThan(std::chrono::seconds age) const {
  return lastUp_ && secondsSinceBoot() - *lastUp_ < age.count();
}

}  // namespace bgplb::bird
