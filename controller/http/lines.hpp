#pragma once
// Splits a stream of bytes into lines. Used for Docker's event stream.

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace bgplb::http {

class Lines {
 public:
  // Calls `onLine` with each non-empty line, without its newline. A line of more than `longest`
  // bytes is skipped; `onSkipped` is then called with its size.
  Lines(std::size_t longest, std::function<void(std::string_view line)> onLine,
        std::function<void(std::size_t bytes)> onSkipped);

  void feed(std::string_view bytes);

 private:
  void append(std::string_view bytes);
  void end();

  std::size_t longest_;
  std::function<void(std::string_view)> onLine_;
  std::function<void(std::size_t)> onSkipped_;
  std::string pending_;      // beginning of the current line; empty while a line is skipped
  std::size_t skipped_ = 0;  // bytes read so far of a line that is skipped
};

}  // namespace bgplb::http
