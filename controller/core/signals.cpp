#include "core/signals.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstring>

namespace bgplb::core {

bool isStopRequest(int signal, const Container& container) {
  switch (signal) {
    case kSigKill:
    case kSigTerm:
    case SIGINT:
    case SIGQUIT: return true;
    default: return signal == container.stopSignal;
  }
}

int finalSignal(const Container& container) {
  return container.stopSignal == kSigUsr2 ? kSigTerm : container.stopSignal;
}

std::string signalName(int signal) {
  if (signal >= kDockerRtMin) return fmt::format("SIGRTMIN+{}", signal - kDockerRtMin);
  const char* name = sigabbrev_np(signal);
  return name != nullptr ? fmt::format("SIG{}", name) : fmt::format("{}", signal);
}

}  // namespace bgplb::core
