#include "io/background_file.hpp"

#include "io/deadline.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace bgplb::io {

namespace asio = boost::asio;

namespace {

Result<void> saveFile(const BackgroundFile::Options& options,
                      const std::optional<std::string>& text) {
  if (text) return replaceFile(options.path, *text, options.mode, options.durability);
  if (::unlink(options.path.c_str()) == 0 || errno == ENOENT) return {};
  return transient(fmt::format("{}: unlink: {}", options.path, std::strerror(errno)));
}

struct Request {
  std::uint64_t number = 0;
  std::optional<std::string> text;
};

}  // namespace

struct BackgroundFile::Front {
  Front(const asio::any_io_executor& executor, const Options& options, Report onOutcome)
      : report(std::move(onOutcome)),
        idle(executor),
        tooSlow(executor, [this, path = options.path, slow = options.slow] {
          report(transient(fmt::format("{}: not written within {} s, the disk does not answer",
                                       path, std::chrono::duration<double>(slow).count())));
        }) {}

  void onSaved(std::uint64_t number, const Result<void>& outcome) {
    saved = number;
    if (saved == requested) {
      tooSlow.cancel();
      idle.cancel();
    }
    if (report) report(outcome);
  }

  Report report;            // empty after the BackgroundFile was destroyed
  asio::steady_timer idle;  // cancelled when no request is left
  Deadline tooSlow;
  std::uint64_t requested = 0;  // number of the latest request
  std::uint64_t saved = 0;
};

// The thread holds a reference and may outlive the BackgroundFile and the executor's context. The
// thread therefore uses the executor only while it holds the lock and `closed` is false.
struct BackgroundFile::Worker {
  Worker(asio::any_io_executor executor, Options given)
      : loop(std::move(executor)), options(std::move(given)) {}

  static void run(const std::shared_ptr<Worker>& self, const std::weak_ptr<Front>& front) {
    std::unique_lock lock(self->mutex);
    for (;;) {
      self->changed.wait(lock, [&self] { return self->next || self->closed; });
      if (!self->next) return;
      const auto request = std::exchange(self->next, std::nullopt);
      lock.unlock();
      auto outcome = self->options.save ? self->options.save(request->text)
                                        : saveFile(self->options, request->text);
      lock.lock();
      if (self->closed) continue;
      asio::post(self->loop, [front, number = request->number, outcome = std::move(outcome)] {
        if (const auto alive = front.lock()) alive->onSaved(number, outcome);
      });
    }
  }

  const asio::any_io_executor loop;
  const Options options;
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<Request> next;
  bool closed = false;
  bool hasThread = false;  // used only by the executor's thread
};

BackgroundFile::BackgroundFile(asio::any_io_executor executor, Options options, Report report)
    : front_(std::make_shared<Front>(executor, options, std::move(report))),
      worker_(std::make_shared<Worker>(std::move(executor), std::move(options))) {}

BackgroundFile::~BackgroundFile() {
  front_->report = nullptr;  // a coroutine in idle() may keep front_ alive
  front_->tooSlow.cancel();
  const std::lock_guard lock(worker_->mutex);
  worker_->closed = true;
  worker_->changed.notify_one();
}

void BackgroundFile::write(std::string text) { request(std::move(text)); }
void BackgroundFile::remove() { request(std::nullopt); }

void BackgroundFile::request(std::optional<std::string> text) {
  if (!worker_->hasThread) {
    try {
      std::thread(Worker::run, worker_, std::weak_ptr<Front>(front_)).detach();
    } catch (const std::system_error& error) {
      front_->report(transient(
          fmt::format("{}: cannot start a thread: {}", worker_->options.path, error.what())));
      return;
    }
    worker_->hasThread = true;
  }
  if (isIdle()) front_->tooSlow.expireAfter(worker_->options.slow);
  const std::lock_guard lock(worker_->mutex);
  worker_->next = Request{++front_->requested, std::move(text)};
  worker_->changed.notify_one();
}

bool BackgroundFile::isIdle() const { return front_->saved == front_->requested; }

Task<bool> BackgroundFile::idle(Clock::time_point by) {
  const auto front = front_;
  while (front->saved != front->requested && Clock::now() < by) {
    front->idle.expires_at(by);
    co_await front->idle.async_wait(asTuple);
  }
  co_return front->saved == front->requested;
}

}  // namespace bgplb::io
