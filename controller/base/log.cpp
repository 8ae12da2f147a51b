#include "base/log.hpp"

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <string>

#include <sys/resource.h>

namespace bgplb::log {

namespace {

constexpr std::size_t kQueuedLines = 1024;
constexpr int kWriterNice = 10;

std::shared_ptr<spdlog::details::thread_pool> pool;
std::shared_ptr<spdlog::logger> logger;
Level threshold = Level::Info;

spdlog::level::level_enum spdlogLevel(Level level) {
  switch (level) {
    case Level::Debug: return spdlog::level::debug;
    case Level::Info: return spdlog::level::info;
    case Level::Warning: return spdlog::level::warn;
    case Level::Error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

}  // namespace

std::optional<Level> parseLevel(std::string_view name) {
  if (name == "debug") return Level::Debug;
  if (name == "info") return Level::Info;
  if (name == "warning") return Level::Warning;
  if (name == "error") return Level::Error;
  return std::nullopt;
}

void start(Level level) {
  threshold = level;
  // Its thread may wait: nothing waits for it.
  pool = std::make_shared<spdlog::details::thread_pool>(
      kQueuedLines, 1, [] { setpriority(PRIO_PROCESS, 0, kWriterNice); });
  logger = std::make_shared<spdlog::async_logger>(
      "bgplb", std::make_shared<spdlog::sinks::stderr_sink_mt>(), pool,
      spdlog::async_overflow_policy::overrun_oldest);
  logger->set_level(spdlogLevel(level));
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%f %l %v");
}

void stop() {
  logger.reset();
  pool.reset();
}

bool enabled(Level level) { return logger && level >= threshold; }

void write(Level level, std::string_view line) {
  if (!enabled(level)) return;
  // One message is one line, whatever text from outside it quotes.
  std::string clean(line);
  std::replace_if(
      clean.begin(), clean.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  logger->log(spdlogLevel(level), clean);
}

}  // namespace bgplb::log
