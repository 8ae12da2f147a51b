#include "netlink/link_remover.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>

namespace bgplb::netlink {

namespace {

constexpr std::chrono::milliseconds kDeadline{2000};
constexpr std::size_t kMost = 16;  // threads

bool isReadable(int fd) {
  pollfd wait{.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&wait, 1, 0) > 0;
}

}  // namespace

LinkRemover::Removal::Removal() : answered(eventfd(0, EFD_CLOEXEC)) {}

LinkRemover::Removal::~Removal() {
  if (thread.joinable()) thread.join();
  if (answered >= 0) close(answered);
}

LinkRemover::~LinkRemover() = default;

void LinkRemover::forgetAnswered() {
  removals_.remove_if([](const Removal& removal) { return isReadable(removal.answered); });
  if (removals_.size() >= kMost) removals_.pop_front();  // which waits
}

Result<void> LinkRemover::remove(int ifIndex, int monitorFd, const std::function<bool()>& gone) {
  forgetAnswered();
  Removal& removal = removals_.emplace_back();
  // Opened here: a thread may be in another network namespace than the one that made it.
  if (auto opened = removal.socket.open(); !opened || removal.answered < 0) {
    removals_.pop_back();
    return opened ? transient("eventfd: no descriptor left") : opened;
  }
  const auto request = [&removal, ifIndex] {
    removal.outcome = removal.socket.request(linkDel(ifIndex));
    (void)eventfd_write(removal.answered, 1);  // fails only when its counter is full
  };
  try {
    removal.thread = std::thread(request);
  } catch (const std::system_error&) {
    request();  // no thread to be had: slow, but done
  }

  const auto end = std::chrono::steady_clock::now() + kDeadline;
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    std::array<pollfd, 2> waits{{{.fd = removal.answered, .events = POLLIN, .revents = 0},
                                 {.fd = monitorFd, .events = POLLIN, .revents = 0}}};
    const int ready =
        left.count() < 0 ? 0 : poll(waits.data(), waits.size(), static_cast<int>(left.count()));
    if (ready == 0) return transient("the kernel did not remove the link within 2 s");
    if (ready < 0 && errno != EINTR) return transient("poll");
    if (gone()) return {};
    if (isReadable(removal.answered)) return removal.outcome;
  }
}

}  // namespace bgplb::netlink
