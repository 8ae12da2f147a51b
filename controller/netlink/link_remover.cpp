#include "netlink/link_remover.hpp"

#include "io/descriptor.hpp"
#include "netlink/requests.hpp"
#include "netlink/socket.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

namespace bgplb::netlink {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLongestWait{20};
constexpr std::chrono::seconds kSlowRemoval{2};

Result<LinkRemover::Request> openLinkDel() {
  const auto socket = std::make_shared<Socket>();
  if (auto opened = socket->open(); !opened) return opened.error();
  return LinkRemover::Request([socket](int ifIndex) { return socket->request(linkDel(ifIndex)); });
}

}  // namespace

// State shared by the event loop and the threads; the last of them to end frees it.
struct LinkRemover::Shared {
  std::mutex mutex;
  std::deque<int> queue;
  // Links whose removal is queued or requested, and since when.
  std::map<int, Clock::time_point> inProgress;
  std::size_t threads = 0;
  int awaited = 0;  // the link whose reply the event loop waits for; 0: none
  std::optional<Result<void>> answer;
  io::Descriptor answered{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};  // readable once `answer` is set

  // None: the queue is empty, and the calling thread must end.
  std::optional<int> take() {
    const std::scoped_lock lock(mutex);
    if (queue.empty()) {
      --threads;
      return std::nullopt;
    }
    const int next = queue.front();
    queue.pop_front();
    return next;
  }

  void finish(int ifIndex, Result<void> outcome) {
    const std::scoped_lock lock(mutex);
    inProgress.erase(ifIndex);
    if (awaited != ifIndex) return;
    answer = std::move(outcome);
    const std::uint64_t one = 1;
    (void)!::write(answered.get(), &one, sizeof(one));
  }

  std::optional<Result<void>> takeAnswer() {
    const std::scoped_lock lock(mutex);
    return std::exchange(answer, std::nullopt);
  }

  void await(int ifIndex) {
    std::uint64_t count = 0;
    const std::scoped_lock lock(mutex);
    (void)!::read(answered.get(), &count, sizeof(count));
    answer.reset();
    awaited = ifIndex;
  }
};

LinkRemover::LinkRemover(OpenRequest open)
    : open_(open ? std::move(open) : openLinkDel), shared_(std::make_shared<Shared>()) {}

LinkRemover::~LinkRemover() {
  const std::scoped_lock lock(shared_->mutex);
  shared_->queue.clear();
}

// False: all threads are busy.
Result<bool> LinkRemover::startThread() {
  {
    const std::scoped_lock lock(shared_->mutex);
    if (shared_->threads >= kMostThreads) return false;
  }
  auto request = open_();
  if (!request) return request.error();
  {
    const std::scoped_lock lock(shared_->mutex);
    ++shared_->threads;
  }
  const auto work = [shared = shared_, request = std::move(*request)] {
    while (const auto ifIndex = shared->take()) shared->finish(*ifIndex, request(*ifIndex));
  };
  try {
    std::thread(work).detach();
  } catch (const std::system_error& error) {
    const std::scoped_lock lock(shared_->mutex);
    --shared_->threads;
    return transient(std::string("no thread: ") + error.what());
  }
  return true;
}

Result<void> LinkRemover::remove(int ifIndex, int monitorFd, const std::function<bool()>& gone) {
  const auto begin = Clock::now();
  {
    const std::scoped_lock lock(shared_->mutex);
    const auto known = shared_->inProgress.find(ifIndex);
    if (known != shared_->inProgress.end()) {
      const auto age = std::chrono::duration_cast<std::chrono::seconds>(begin - known->second);
      if (age < kSlowRemoval) return {};
      return transient(fmt::format("the kernel has not removed the link for {} s", age.count()));
    }
    shared_->inProgress.emplace(ifIndex, begin);
    shared_->queue.push_back(ifIndex);
  }
  shared_->await(ifIndex);
  const auto started = startThread();
  if (!started) {
    const std::scoped_lock lock(shared_->mutex);
    // With at least one busy thread, the removal can stay queued; without one, nothing would
    // process the queue.
    if (shared_->threads > 0) return {};
    shared_->queue.pop_back();
    shared_->inProgress.erase(ifIndex);
    return started.error();
  }
  while (*started) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(begin + kLongestWait - Clock::now());
    std::array<pollfd, 2> waits{{{.fd = shared_->answered.get(), .events = POLLIN, .revents = 0},
                                 {.fd = monitorFd, .events = POLLIN, .revents = 0}}};
    if (left.count() <= 0 ||
        poll(waits.data(), waits.size(), static_cast<int>(left.count())) == 0) {
      break;
    }
    if (gone()) break;
    if (auto answer = shared_->takeAnswer()) return *answer;
  }
  return {};
}

}  // namespace bgplb::netlink
