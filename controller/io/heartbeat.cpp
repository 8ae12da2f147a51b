#include "io/heartbeat.hpp"

#include "base/heartbeat.hpp"
#include "base/parse.hpp"
#include "io/spawn.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

namespace bgplb::io {

namespace {

// No other program may inherit the descriptor: it would keep the pipe open. The original stays open
// for the next Heartbeat of this process.
Descriptor fromEnvironment() {
  const char* text = std::getenv(heartbeat::kVariable);
  const auto number = text == nullptr ? std::nullopt : parseWhole<int>(text, 3);
  if (!number || ::fcntl(*number, F_SETFD, FD_CLOEXEC) != 0) return Descriptor();
  return Descriptor(::fcntl(*number, F_DUPFD_CLOEXEC, 3));
}

}  // namespace

Heartbeat::Heartbeat(boost::asio::io_context& io) : io_(io), timer_(io), pipe_(fromEnvironment()) {}

void Heartbeat::start() {
  if (pipe_.isOpen()) spawn(io_.get_executor(), run(), "heartbeat");
}

void Heartbeat::setInCharge() {
  inCharge_ = true;
  beat();
}

Task<> Heartbeat::run() {
  while (true) {
    beat();
    timer_.expires_after(heartbeat::kInterval);
    const auto [error] = co_await timer_.async_wait(asTuple);
    if (error) co_return;
  }
}

// A failed write needs no handling: the pipe is full while PID 1 does not run, and the bytes in it
// are enough for PID 1 when it runs again.
void Heartbeat::beat() {
  const char byte = inCharge_ ? heartbeat::kInCharge : heartbeat::kAlive;
  if (pipe_.isOpen()) (void)!::write(pipe_.get(), &byte, 1);
}

}  // namespace bgplb::io
