#include "firewall/words.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bgplb::firewall {

std::string words(const io::Finished& finished) {
  std::string text = finished.err.empty() ? finished.out : finished.err;
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ';');
  constexpr std::size_t kMost = 400;
  if (text.size() > kMost) text.resize(kMost);
  return text.empty() ? fmt::format("exit status {}", finished.status) : text;
}

}  // namespace bgplb::firewall
