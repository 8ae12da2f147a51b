#include "bird/line_limit.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace bgplb::bird {

namespace {

constexpr std::size_t kMaxRecent = 64;
constexpr std::chrono::minutes kRepeatAfter{1};  // a repeated line is suppressed for this long
constexpr unsigned kPerSecond = 20;

// "Unexpected connect from unknown address 10.0.0.1 (port 40123)": the port differs each time.
std::string withoutPort(std::string text) {
  constexpr std::string_view kPort = "(port ";
  const auto begin = text.find(kPort);
  if (begin == std::string::npos) return text;
  const auto end = text.find_first_not_of("0123456789", begin + kPort.size());
  return text.erase(begin + kPort.size(), end - begin - kPort.size());
}

}  // namespace

bool LineLimit::admits(const std::string& text, Clock::time_point now) {
  std::erase_if(recent_, [now](const auto& entry) { return now - entry.second > kRepeatAfter; });
  if (recent_.size() >= kMaxRecent) recent_.clear();
  if (!recent_.insert_or_assign(withoutPort(text), now).second) return false;
  if (now - second_ >= std::chrono::seconds(1)) {
    second_ = now;
    inSecond_ = 0;
  }
  if (++inSecond_ <= kPerSecond) return true;
  ++omitted_;
  return false;
}

unsigned LineLimit::takeOmitted(Clock::time_point now) {
  if (now - second_ < std::chrono::seconds(1)) return 0;
  return std::exchange(omitted_, 0);
}

}  // namespace bgplb::bird
