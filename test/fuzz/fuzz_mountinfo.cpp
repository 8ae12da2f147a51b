// /proc/self/mountinfo, from which the plugin's id is read: a mount point may have any name.

#include "host.hpp"

#include "fuzz/fuzz.hpp"

using namespace bgplb;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = fuzz::textOf(data, size);
  const auto id = pluginIdFrom(text);
  // The id becomes part of a path of the Docker API.
  ALWAYS(id.empty() || id.size() == 64);
  ALWAYS(id.find_first_not_of("0123456789abcdef") == std::string::npos);
  ALWAYS(text.find(id) != std::string_view::npos);

  const auto name = driverNameOfSocket(text);
  ALWAYS(name.find('/') == std::string::npos);
  ALWAYS(text.find(name) != std::string_view::npos);
  return 0;
}
