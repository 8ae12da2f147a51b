// The status page that `bgplb status` reads from a socket: an accepted page, written again, is the
// same page.

#include "operator/status.hpp"

#include "fuzz/fuzz.hpp"

using namespace bgplb;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto page = ops::parseStatusPage(fuzz::textOf(data, size));
  if (!page) {
    ALWAYS(!page.error().message.empty());
    return 0;
  }
  const auto text = ops::renderStatusPage(*page);
  const auto again = ops::parseStatusPage(text);
  ALWAYS(again);
  ALWAYS(ops::renderStatusPage(*again) == text);
  return 0;
}
