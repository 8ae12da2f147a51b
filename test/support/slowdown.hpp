#pragma once
// Longer deadlines for tests on an emulated machine (test/kernels).

#include <algorithm>
#include <chrono>
#include <cstdlib>

namespace bgplb::test {

// `deadline`, multiplied by BGPLB_TEST_SLOWDOWN: 1 to 100; not set: 1.
inline std::chrono::milliseconds scaled(std::chrono::milliseconds deadline) {
  static const int factor = [] {
    const char* const text = std::getenv("BGPLB_TEST_SLOWDOWN");
    return text == nullptr ? 1 : std::clamp(std::atoi(text), 1, 100);
  }();
  return deadline * factor;
}

}  // namespace bgplb::test
