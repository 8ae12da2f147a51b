#include "io/deadline.hpp"
#include "support/catch.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <optional>
#include <thread>

using namespace std::chrono_literals;
using bgplb::io::Deadline;

TEST_CASE("Deadline: the callback runs once when the deadline expires") {
  boost::asio::io_context io;
  int calls = 0;
  Deadline deadline(io.get_executor(), [&calls] { ++calls; });
  deadline.expireAfter(1ms);
  CHECK_FALSE(deadline.hasExpired());
  io.run();
  CHECK(calls == 1);
  CHECK(deadline.hasExpired());
}

TEST_CASE("Deadline: a cancelled or replaced deadline never fires") {
  boost::asio::io_context io;
  int calls = 0;
  Deadline deadline(io.get_executor(), [&calls] { ++calls; });
  deadline.expireAfter(1ms);
  deadline.expireAfter(2ms);
  io.run();
  CHECK(calls == 1);
  io.restart();
  deadline.expireAfter(1ms);
  CHECK_FALSE(deadline.hasExpired());
  deadline.cancel();
  io.run();
  CHECK(calls == 1);
}

// This order occurs after a process was paused: the operation and its Deadline are destroyed while
// the handler of the timer is already queued. A handler that captured the operation would use freed
// memory.
TEST_CASE("Deadline: destroyed while its handler is queued, it does not run the callback") {
  boost::asio::io_context io;
  int calls = 0;
  std::optional<Deadline> deadline;
  deadline.emplace(io.get_executor(), [&calls] { ++calls; });
  deadline->expireAfter(1ms);
  boost::asio::post(io, [&] {
    std::this_thread::sleep_for(5ms);  // the reactor queues the expired timer behind this handler
    boost::asio::post(io, [&] { deadline.reset(); });
  });
  io.run();
  CHECK(calls == 0);
}
