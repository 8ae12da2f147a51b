#include "bird/control_codec.hpp"

#include "base/parse.hpp"

#include <algorithm>
#include <utility>

namespace bgplb::bird {

namespace {

constexpr std::size_t kCodeDigits = 4;

std::optional<int> codeOf(std::string_view line) {
  if (line.size() <= kCodeDigits) return std::nullopt;
  return parseWhole<int>(line.substr(0, kCodeDigits), 0);
}

}  // namespace

bool Reply::has(int wanted) const {
  return std::any_of(lines.begin(), lines.end(),
                     [wanted](const ReplyLine& line) { return line.code == wanted; });
}

void ReplyParser::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    partial_ += bytes.substr(0, end);
    if (end == std::string_view::npos) return;
    bytes.remove_prefix(end + 1);
    if (!partial_.empty() && partial_.back() == '\r') partial_.pop_back();
    line(partial_);
    partial_.clear();
  }
}

void ReplyParser::line(std::string_view text) {
  if (text.starts_with('+')) {
    news_.emplace_back(text.substr(1));
    return;
  }
  const auto code = codeOf(text);
  const char separator = code ? text[kCodeDigits] : '\0';
  if (separator != '-' && separator != ' ') {
    // A continuation line. Malformed text is handled in the same way: it may be logged, but no
    // caller branches on it.
    if (text.starts_with(' ')) text.remove_prefix(1);
    const int under = open_.lines.empty() ? 0 : open_.lines.back().code;
    open_.lines.push_back(ReplyLine{under, std::string(text)});
    return;
  }
  open_.lines.push_back(ReplyLine{*code, std::string(text.substr(kCodeDigits + 1))});
  if (separator == '-') return;
  open_.code = *code;
  done_.push_back(std::move(open_));
  open_ = Reply{};
}

std::optional<Reply> ReplyParser::next() {
  if (done_.empty()) return std::nullopt;
  std::optional<Reply> reply(std::move(done_.front()));
  done_.erase(done_.begin());
  return reply;
}

std::vector<std::string> ReplyParser::takeNews() { return std::exchange(news_, {}); }

}  // namespace bgplb::bird
