#pragma once
// A lasting problem. Publisher and Supervisor report it; it is logged when it begins or changes,
// and once more when it is resolved.

#include "base/log.hpp"

#include <string>
#include <string_view>

namespace bgplb::bird {

class Problem {
 public:
  void report(const std::string& problem) {
    if (text_ == problem) return;
    text_ = problem;
    log::error("bird: {}", problem);
  }
  // `now` describes what works again, such as "BIRD accepts changes".
  void resolve(std::string_view now) {
    if (text_.empty()) return;
    text_.clear();
    log::info("bird: resolved: {}", now);
  }

  // Empty: no problem.
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace bgplb::bird
