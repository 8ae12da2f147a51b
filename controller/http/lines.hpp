#pragma once
// A stream of bytes, cut into lines.

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace bgplb::http {

class Lines {
 public:
  // `onLine` gets each line without its newline; empty lines are left out. A line of more than
  // `longest` bytes is not kept: it is skipped up to its newline, and then `onSkipped` gets its
  // size.
  Lines(std::size_t longest, std::function<void(std::string_view line)> onLine,
        std::function<void(std::size_t bytes)> onSkipped);

  void feed(std::string_view bytes);

 private:
  void append(std::string_view bytes);
  void end();

  std::size_t longest_;
  std::function<void(std::string_view)> onLine_;
  std::function<void(std::size_t)> onSkipped_;
  std::string pending_;      // the line's beginning; empty while a line is skipped
  std::size_t skipped_ = 0;  // bytes of the line that is being skipped
};

}  // namespace bgplb::http
