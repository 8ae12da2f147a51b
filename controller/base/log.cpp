#include "base/log.hpp"

#include "base/printable.hpp"

#include <poll.h>
#include <spdlog/async.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <system_error>
#include <thread>

namespace bgplb::log {

namespace {

constexpr std::size_t kQueuedLines = 1024;
constexpr int kWriterNice = 10;
constexpr std::chrono::seconds kStopPatience{1};

// Uses write(2) instead of stdio: stdio holds its lock while a write blocks, and exit(3) waits for
// that lock.
class StderrSink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    std::string_view left(line.data(), line.size());
    while (!left.empty()) {
      const ssize_t written = ::write(STDERR_FILENO, left.data(), left.size());
      if (written >= 0) {
        left.remove_prefix(static_cast<std::size_t>(written));
      } else if (errno == EAGAIN) {
        pollfd writable{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
        (void)::poll(&writable, 1, -1);
      } else if (errno != EINTR) {
        return;  // a failure to log cannot be logged
      }
    }
  }
  void flush_() override {}
};

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
  // The writer thread has a lower priority, because no other thread waits for it.
  pool = std::make_shared<spdlog::details::thread_pool>(
      kQueuedLines, 1, [] { setpriority(PRIO_PROCESS, 0, kWriterNice); });
  logger = std::make_shared<spdlog::async_logger>("bgplb", std::make_shared<StderrSink>(), pool,
                                                  spdlog::async_overflow_policy::overrun_oldest);
  logger->set_level(spdlogLevel(level));
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%f %l %v");
}

// While no process reads standard error, the writer thread is blocked in write(2) and cannot be
// interrupted. A detached thread therefore waits for the writer; the end of the process ends both.
void stop() {
  if (!logger) return;
  std::promise<void> written;
  const auto whenWritten = written.get_future();
  auto waitForWriter = [writer = std::move(pool), written = std::move(written)]() mutable {
    writer.reset();
    written.set_value();
  };
  logger.reset();
  try {
    std::thread(std::move(waitForWriter)).detach();
  } catch (const std::system_error&) {
    // Leak waitForWriter: it owns the thread pool, whose destructor would wait for the writer.
    static auto* const kept = new auto(std::move(waitForWriter));
    (void)kept;
    return;
  }
  whenWritten.wait_for(kStopPatience);
}

bool enabled(Level level) { return logger && level >= threshold; }

void write(Level level, std::string_view line) {
  if (!enabled(level)) return;
  // Escape control characters, so that quoted text cannot add a line to the log.
  logger->log(spdlogLevel(level), printable(line));
}

}  // namespace bgplb::log
