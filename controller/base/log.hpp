#pragma once
// The log: writes one line per message to standard error and escapes control characters
// (printable.hpp). Components that work in the background call it: app, reconcile, and the loops of
// the adapters (HTTP servers, event stream, BIRD supervisor, firewall, netlink). Functions that
// return a result to their caller report errors by it instead.
//
// error: an operator must act. warning: the program continues, and the message states how. info:
// state changes only. debug: requests and events. A repeated failure is logged when it begins and
// when it ends.
//
// A separate thread writes the lines: while dockerd is down, no process reads a plugin's standard
// error, and a full pipe must not delay a withdrawal. When the queue of that thread is full, the
// oldest lines are dropped.

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>

namespace bgplb::log {

enum class Level { Debug, Info, Warning, Error };

std::optional<Level> parseLevel(std::string_view name);  // "debug" "info" "warning" "error"

void start(Level level);
// Writes the queued lines for at most 1 s. Lines that no process reads within that time are lost.
void stop();
bool enabled(Level level);
void write(Level level, std::string_view line);

template <typename... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::Debug)) write(Level::Debug, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::Info)) write(Level::Info, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::Warning, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::Error, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace bgplb::log
