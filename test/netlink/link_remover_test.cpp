// Tests of LinkRemover with a fake kernel that does not reply to the removal of a link.
#include "netlink/link_remover.hpp"

#include "support/catch.hpp"

#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <set>

using namespace bgplb;
using namespace std::chrono_literals;
using netlink::LinkRemover;

namespace {

using Clock = std::chrono::steady_clock;

// Blocks requests until it is opened. The blocked threads may outlive the test.
class Gate {
 public:
  Result<void> pass(int ifIndex) {
    std::unique_lock lock(mutex_);
    requested_.insert(ifIndex);
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    return {};
  }
  void open() {
    const std::scoped_lock lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  bool waitForRequests(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s, [&] { return requested_.size() >= count; });
  }
  std::size_t requests() {
    const std::scoped_lock lock(mutex_);
    return requested_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  std::set<int> requested_;
};

struct Kernel {
  std::shared_ptr<Gate> gate = std::make_shared<Gate>();
  int threads = 0;
  int monitor = eventfd(0, EFD_CLOEXEC);  // never readable

  ~Kernel() {
    gate->open();
    close(monitor);
  }
  LinkRemover::OpenRequest open() {
    return [this]() -> Result<LinkRemover::Request> {
      ++threads;
      return LinkRemover::Request([gate = gate](int ifIndex) { return gate->pass(ifIndex); });
    };
  }
};

bool never() { return false; }

}  // namespace

TEST_CASE("LinkRemover.DoesNotBlock_WithManyStuckRemovals") {
  Kernel kernel;
  const auto begin = Clock::now();
  {
    LinkRemover remover(kernel.open());
    for (int link = 1; link <= 100; ++link) {
      CHECK(remover.remove(link, kernel.monitor, never).has_value());
    }
  }
  // The expected time is 20 ms for each of 16 threads, and none for queued removals.
  CHECK(Clock::now() - begin < 5s);
  CHECK(kernel.threads == 16);
  CHECK(kernel.gate->requests() <= 16);
}

TEST_CASE("LinkRemover.SendsTheQueuedRequests_OnceTheKernelReplies") {
  Kernel kernel;
  LinkRemover remover(kernel.open());
  for (int link = 1; link <= 100; ++link) {
    CHECK(remover.remove(link, kernel.monitor, never).has_value());
  }
  kernel.gate->open();
  CHECK(kernel.gate->waitForRequests(100));
  CHECK(kernel.threads == 16);
}

TEST_CASE("LinkRemover.RequestsARemovalOnce_AndReportsASlowOne") {
  Kernel kernel;
  LinkRemover remover(kernel.open());
  CHECK(remover.remove(7, kernel.monitor, never).has_value());
  const auto end = Clock::now() + 10s;
  Result<void> again;
  while (again && Clock::now() < end) again = remover.remove(7, kernel.monitor, never);
  REQUIRE(again.has_error());
  CHECK(again.error().kind == ErrorKind::Transient);
  CHECK(again.error().message == "the kernel has not removed the link for 2 s");
  CHECK(kernel.gate->requests() == 1);
}

TEST_CASE("LinkRemover.ReturnsTheKernelsReply") {
  const int monitor = eventfd(0, EFD_CLOEXEC);
  LinkRemover remover([]() -> Result<LinkRemover::Request> {
    return LinkRemover::Request([](int ifIndex) -> Result<void> {
      if (ifIndex == 1) return notFound("no such device");
      return {};
    });
  });
  CHECK(remover.remove(1, monitor, never).error() == notFound("no such device"));
  CHECK(remover.remove(2, monitor, never).has_value());
  CHECK(remover.remove(1, monitor, never).has_error());
  close(monitor);
}

TEST_CASE("LinkRemover.ReturnsImmediately_OnceTheLinkIsRemoved") {
  Kernel kernel;
  LinkRemover remover(kernel.open());
  const int readable = eventfd(1, EFD_CLOEXEC);
  int calls = 0;
  CHECK(remover.remove(7, readable, [&] { return ++calls == 3; }).has_value());
  CHECK(calls == 3);
  close(readable);
}

// Run by the next test in a separate process.
TEST_CASE("Helper.StuckRemoval", "[.stuck-removal]") {
  alarm(10);
  Kernel kernel;
  {
    LinkRemover remover(kernel.open());
    (void)remover.remove(7, kernel.monitor, never);
  }
  std::exit(
      7);  // not _exit(): the destructors and handlers that exit(3) runs must not block either
}

TEST_CASE("LinkRemover.DoesNotDelayProgramExit") {
  const pid_t child = fork();
  if (child == 0) {
    execl("/proc/self/exe", "test", "[.stuck-removal]", nullptr);
    _exit(127);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 7);
}
