#include "bird/announcements.hpp"

#include "bird/render.hpp"

#include <string_view>

namespace bgplb::bird {

namespace {

// With more changed lines, rendering the whole files costs less than moving the text behind each
// changed line.
constexpr std::size_t kFewChanges = 64;

struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// The line of `prefix` in a sorted file, found by bisection; an empty span at the place to insert
// it if the file has no such line.
Span lineOf(std::string_view text, const Prefix& prefix) {
  Span rest{0, text.size()};  // begins and ends at the beginning of a line
  while (rest.begin < rest.end) {
    const std::size_t middle = (rest.begin + rest.end) / 2;
    const std::size_t begin = middle == 0 ? 0 : text.rfind('\n', middle - 1) + 1;  // npos + 1 is 0
    const std::size_t end = text.find('\n', middle) + 1;
    const auto found = parseRoute(text.substr(begin, end - begin));
    if (found == prefix) return {begin, end};
    if (found < prefix) {
      rest.begin = end;
    } else {
      rest.end = begin;
    }
  }
  return rest;
}

}  // namespace

void Announcements::setLocalAs(std::uint32_t localAs) {
  if (localAs == localAs_) return;
  localAs_ = localAs;
  allChanged_ = true;
}

bool Announcements::set(const Prefix& prefix, const core::RouteAttributes& attributes) {
  const auto [entry, isNew] = announced_.try_emplace(prefix, attributes);
  if (!isNew && entry->second == attributes) return false;
  entry->second = attributes;
  changed_.insert(prefix);
  return true;
}

bool Announcements::erase(const Prefix& prefix) {
  if (announced_.erase(prefix) == 0) return false;
  changed_.insert(prefix);
  return true;
}

void Announcements::clear() {
  announced_.clear();
  allChanged_ = true;
}

const RouteFiles& Announcements::files() {
  if (allChanged_ || changed_.size() > kFewChanges) {
    renderAll();
  } else {
    for (const auto& prefix : changed_) patch(prefix);
  }
  changed_.clear();
  allChanged_ = false;
  return files_;
}

void Announcements::renderAll() {
  files_ = {};
  for (const auto& [prefix, attributes] : announced_) {
    (prefix.family() == Family::V4 ? files_.vips4 : files_.vips6) +=
        renderRoute(prefix, attributes, localAs_);
  }
}

void Announcements::patch(const Prefix& prefix) {
  auto& text = prefix.family() == Family::V4 ? files_.vips4 : files_.vips6;
  const auto entry = announced_.find(prefix);
  const std::string line =
      entry == announced_.end() ? "" : renderRoute(prefix, entry->second, localAs_);
  const Span old = lineOf(text, prefix);
  text.replace(old.begin, old.end - old.begin, line);
}

}  // namespace bgplb::bird
