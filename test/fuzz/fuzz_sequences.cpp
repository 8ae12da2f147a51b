// Sequences of plugin calls, Docker events and changes by other programs. Four bytes of the input
// are one step: its kind and three numbers. sequences/properties.hpp has what must hold.

#include "fuzz/fuzz.hpp"
#include "fuzz/sequences/host.hpp"

#include <cstring>

using namespace bgplb;
using namespace bgplb::fuzz;

namespace {

constexpr std::size_t kMostSteps = 48;
constexpr std::size_t kStepSize = 4;

// '0' is 0 and 'A' is 17, so that an input can be written by hand.
unsigned numberOf(std::uint8_t byte) { return static_cast<std::uint8_t>(byte - '0'); }

Step stepOf(const std::uint8_t* bytes) {
  const std::size_t kinds = std::strlen(Host::kinds);
  const char kind = static_cast<char>(bytes[0]);
  const bool known = kind != '\0' && std::strchr(Host::kinds, kind) != nullptr;
  return {.kind = known ? kind : Host::kinds[bytes[0] % kinds],
          .a = numberOf(bytes[1]),
          .b = numberOf(bytes[2]),
          .c = numberOf(bytes[3])};
}

void print(const std::vector<Step>& steps, const std::string& violation) {
  for (const auto& step : steps) {
    std::fprintf(stderr, "%c %u %u %u\n", step.kind, step.a, step.b, step.c);
  }
  std::fprintf(stderr, "does not hold: %s\n", violation.c_str());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<Step> steps;
  for (; size >= kStepSize && steps.size() < kMostSteps; size -= kStepSize, data += kStepSize) {
    steps.push_back(stepOf(data));
  }
  std::vector<Step> done;
  try {
    Host host;
    for (const auto& step : steps) {
      done.push_back(step);
      host.run(step);
    }
    host.finish();
  } catch (const test::Violation& violation) {
    print(done, violation.what);
    std::abort();
  }
  return 0;
}
