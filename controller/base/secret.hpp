#pragma once

#include <string>
#include <utility>

namespace bgplb {

// A value that may reach BIRD's configuration and nothing else: it has no way to be printed, and
// reading it is a word one can search for.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  bool empty() const { return value_.empty(); }
  const std::string& reveal() const { return value_; }
  friend bool operator==(const Secret&, const Secret&) = default;

 private:
  std::string value_;
};

}  // namespace bgplb
