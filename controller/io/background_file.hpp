#pragma once
// Replaces or removes a small file on a separate thread: a disk that hangs must not block the event
// loop, because its next handler may withdraw a route. Files on a tmpfs do not need this class.
// Used for the state file (state/) and the time of the last BGP session (bird/).
//
// Only the latest content is written: while the thread is busy, a new request replaces the pending
// one.

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
  // Replaces the file with `text`, or removes it if there is no text. Runs on the thread and may
  // block.
  using Save = std::function<Result<void>(const std::optional<std::string>& text)>;
  // Receives the outcome of each save, on the executor. Also receives a Transient error when a save
  // takes longer than Options::slow; the outcome of that save follows when it ends.
  using Report = std::function<void(const Result<void>& outcome)>;

  struct Options {
    std::string path;
    mode_t mode = 0600;
    Durability durability = Durability::Cache;
    std::chrono::milliseconds slow{10'000};
    Save save = nullptr;  // for tests: replaces replaceFile() and unlink(2)
  };

  // `executor` must run on a single thread, and that thread must make all calls below.
  BackgroundFile(boost::asio::any_io_executor executor, Options options, Report report);
  // Does not wait. The thread finishes the pending requests unless the program ends first. Destroy
  // the object before the context of the executor.
  ~BackgroundFile();
  BackgroundFile(const BackgroundFile&) = delete;
  BackgroundFile& operator=(const BackgroundFile&) = delete;

  void write(std::string text);
  void remove();

  // Every request has succeeded or failed.
  bool isIdle() const;
  // Waits until isIdle(). False if it is not idle at `by`.
  Task<bool> idle(Clock::time_point by);

 private:
  struct Front;
  struct Worker;

  void request(std::optional<std::string> text);

  std::shared_ptr<Front> front_;    // used only by the executor's thread
  std::shared_ptr<Worker> worker_;  // shared with the writing thread
};

}  // namespace bgplb::io
