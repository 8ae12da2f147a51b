#include "http/lines.hpp"

#include <utility>

namespace bgplb::http {

Lines::Lines(std::size_t longest, std::function<void(std::string_view)> onLine,
             std::function<void(std::size_t)> onSkipped)
    : longest_(longest), onLine_(std::move(onLine)), onSkipped_(std::move(onSkipped)) {}

void Lines::feed(std::string_view bytes) {
  for (auto newline = bytes.find('\n'); newline != std::string_view::npos;
       newline = bytes.find('\n')) {
    append(bytes.substr(0, newline));
    end();
    bytes.remove_prefix(newline + 1);
  }
  append(bytes);
}

void Lines::append(std::string_view bytes) {
  if (skipped_ > 0) {
    skipped_ += bytes.size();
  } else if (pending_.size() + bytes.size() > longest_) {
    skipped_ = pending_.size() + bytes.size();
    pending_.clear();
    pending_.shrink_to_fit();
  } else {
    pending_ += bytes;
  }
}

void Lines::end() {
  if (skipped_ > 0) {
    onSkipped_(std::exchange(skipped_, 0));
  } else if (!pending_.empty()) {
    onLine_(std::exchange(pending_, {}));
  }
}

}  // namespace bgplb::http
