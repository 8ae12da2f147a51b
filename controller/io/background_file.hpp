#pragma once
// A small file on a disk that a thread of its own replaces or removes: a disk that hangs must not
// hold up the event loop, whose next handler may be a withdrawal. Files on a tmpfs do not need it.
//
// The latest content wins: while the thread works, a new request replaces the one that waits.

#include "base/result.hpp"
#include "io/file.hpp"
#include "io/task.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <sys/types.h>

namespace bgplb::io {

class BackgroundFile {
 public:
  using Clock = std::chrono::steady_clock;
  // Replaces the file with `text`, or removes it without one. Runs on the thread and may block.
  using Save = std::function<Result<void>(const std::optional<std::string>& text)>;
  // The outcome of each save, on the executor. Also an error (Transient) when a save takes longer
  // than Options::slow; its outcome follows when it ends.
  using Report = std::function<void(const Result<void>& outcome)>;

  struct Options {
    std::string path;
    mode_t mode = 0600;
    Durability durability = Durability::Cache;
    std::chrono::milliseconds slow{10'000};
    Save save = nullptr;  // instead of replaceFile() and unlink(2): for tests
  };

  // `executor` is that of a single thread, which makes all calls below.
  BackgroundFile(boost::asio::any_io_executor executor, Options options, Report report);
  // Waits for nothing. The thread finishes what was requested, if the program lives that long.
  // Destroy it before the executor's context.
  ~BackgroundFile();
  BackgroundFile(const BackgroundFile&) = delete;
  BackgroundFile& operator=(const BackgroundFile&) = delete;

  void write(std::string text);
  void remove();

  // Every request has been carried out, or has failed.
  bool isIdle() const;
  // Waits until then; false if that takes longer than until `by`.
  Task<bool> idle(Clock::time_point by);

 private:
  struct Front;
  struct Worker;

  void request(std::optional<std::string> text);

  std::shared_ptr<Front> front_;    // of the executor's thread
  std::shared_ptr<Worker> worker_;  // of both
};

}  // namespace bgplb::io
