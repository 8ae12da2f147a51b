#pragma once
// The log: standard error, one line per message. Only app, reconcile and the edges that nobody calls
// (the plugin server, the event stream, the BIRD supervisor) log; everything else returns errors.
//
// error: an operator must act. warning: tolerated, says what is done instead. info: state changes
// only. debug: traffic. A failure that repeats is logged when it begins and when it ends.
//
// Lines are written by a thread of their own: while dockerd is away nobody reads a plugin's standard
// error, and a full pipe must hold up no withdrawal. What does not fit its queue is dropped, oldest
// first.

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>

namespace bgplb::log {

enum class Level { Debug, Info, Warning, Error };

std::optional<Level> parseLevel(std::string_view name);  // "debug" "info" "warning" "error"

void start(Level level);
void stop();  // writes what is queued, for at most a second
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
