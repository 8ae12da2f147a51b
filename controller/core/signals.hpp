#pragma once
// The signals to which the plugin reacts, as numbers in Docker's `kill` events.

#include "core/facts.hpp"

#include <string>

namespace bgplb::core {

inline constexpr int kSigKill = 9;
inline constexpr int kSigUsr2 = 12;
inline constexpr int kSigTerm = 15;
// SIGRTMIN in moby's signal table, regardless of how many signals libc reserves.
inline constexpr int kDockerRtMin = 34;
inline constexpr int kDockerRtMax = 64;

// The signal is a request to stop: the container's own stop signal, SIGKILL, or one of SIGTERM,
// SIGINT and SIGQUIT, which updaters and `docker stop --signal` send whatever the image declares.
bool isStopRequest(int signal, const Container& container);

// The signal that ends a drained container: its own stop signal. Docker's restart policy `always`
// restarts a container that any other signal has ended (moby, daemon/kill.go), and many servers
// complete their open requests only on their stop signal. SIGTERM if the stop signal is SIGUSR2,
// which began the drain.
int finalSignal(const Container& container);

// As Docker writes it: "SIGTERM", "SIGRTMIN+3"; the number if it has no name.
std::string signalName(int signal);

}  // namespace bgplb::core
