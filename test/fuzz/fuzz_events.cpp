// The event stream of the Docker API, one event per line, and the signals in the events.

#include "docker/engine_codec.hpp"

#include "fuzz/fuzz.hpp"

#include <string>

using namespace bgplb;

namespace {

void checkSignal(std::string_view text) {
  const int signal = docker::parseSignal(text);
  ALWAYS(signal >= 0 && signal <= 64);
  if (signal == 0) return;
  ALWAYS(docker::parseSignal(std::to_string(signal)) == signal);
  const bool number = text.find_first_not_of("0123456789") == std::string_view::npos;
  if (!number && !text.starts_with("SIG")) {
    ALWAYS(docker::parseSignal("SIG" + std::string(text)) == signal);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const auto line : fuzz::linesOf(fuzz::textOf(data, size))) {
    checkSignal(line);
    const auto event = docker::parseEvent(line);
    if (!event) {
      ALWAYS(!event.error().message.empty());
      continue;
    }
    const auto signal = event->attributes.find("signal");
    if (signal != event->attributes.end()) checkSignal(signal->second);
  }
  return 0;
}
