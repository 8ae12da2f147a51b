#pragma once

#include <string>
#include <utility>

namespace bgplb {

// A password. It may be written only to BIRD's configuration. It has no output operator, and every
// use of its value is visible as a call of reveal().
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
