#pragma once
// The log: standard error, one line per message, control characters spelled out (printable.hpp).
// Parts that work in the background log (app, reconcile, and the adapters' own loops: the servers,
// the event stream, the BIRD supervisor, the firewall, netlink); functions that a caller waits for
// return errors instead.
//
// error: an operator must act. warning: tolerated, says what is done instead. info: state changes
// only. debug: traffic. A failure that repeats is logged when it begins and when it ends.
//
// A thread of its own writes the lines: while dockerd is away nobody reads a plugin's standard
// error, and a full pipe must hold up no withdrawal. When its queue is full, the oldest lines are
// dropped.

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>

namespace bgplb::log {

enum class Level { Debug, Info, Warning, Error };

std::optional<Level> parseLevel(std::string_view name);  // "debug" "info" "warning" "error"

void start(Level level);
// Writes the queued lines, for at most a second: lines that nobody reads within it are lost.
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
