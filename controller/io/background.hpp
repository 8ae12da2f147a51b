#pragma once
// Runs work outside the event loop that may block in the kernel for an unlimited time, or that
// takes milliseconds of CPU time. Used by netlink/, bird/ and the status page.

#include "base/result.hpp"
#include "io/descriptor.hpp"
#include "io/task.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace bgplb::io {

// Runs `work` on a new detached thread and returns its result on the event loop. Neither the event
// loop nor the end of the program waits for the thread. `work` must therefore own all the data it
// uses; the thread frees that data. The thread has the normal priority (io/scheduling.hpp). Its
// result is dropped if the awaiting coroutine has been destroyed. Transient: no thread or
// file descriptor could be created.
template <typename T>
Task<Result<T>> inBackground(std::function<Result<T>()> work) {
  struct Call {
    Descriptor done{eventfd(0, EFD_CLOEXEC)};
    std::mutex mutex;
    std::optional<Result<T>> result;
  };
  const auto call = std::make_shared<Call>();
  Descriptor done(call->done.isOpen() ? ::fcntl(call->done.get(), F_DUPFD_CLOEXEC, 0) : -1);
  if (!done.isOpen()) co_return transient("no file descriptor for the result of a thread");
  auto body = [call, work = std::move(work)] {
    auto result = work();
    {
      const std::scoped_lock lock(call->mutex);
      call->result = std::move(result);
    }
    const std::uint64_t one = 1;
    (void)!::write(call->done.get(), &one, sizeof(one));  // fails only when the counter is full
  };
  try {
    std::thread(std::move(body)).detach();
  } catch (const std::system_error& error) {
    co_return transient(std::string("cannot start a thread: ") + error.what());
  }
  boost::asio::posix::stream_descriptor readable(co_await boost::asio::this_coro::executor,
                                                 done.release());
  co_await readable.async_wait(boost::asio::posix::stream_descriptor::wait_read, asTuple);
  const std::scoped_lock lock(call->mutex);
  if (!call->result) co_return transient("the wait for a thread was cancelled");
  co_return std::move(*call->result);
}

}  // namespace bgplb::io
