#pragma once
// Removes links without blocking the event loop. Owned by RtnlKernel, called by LinkActions.
//
// RTM_DELLINK blocks for 20 ms or more, although the link disappears from the namespace after about
// 1 ms. The kernel spends the rest waiting for the last reference to the device, without holding a
// lock (measured: other requests complete within 0.03 ms meanwhile). If a reference is never
// dropped, the request blocks forever ("unregister_netdevice: waiting for ... to become free"). The
// event loop must not block, because a withdrawal may be next. A few threads therefore send the
// requests, one at a time each, and further removals wait in a queue. The threads are detached and
// own what they use, so the program can exit while they are blocked.

#include "base/result.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

namespace bgplb::netlink {

class LinkRemover {
 public:
  // Requests the removal of a link and returns the kernel's reply. Each thread has its own Request.
  using Request = std::function<Result<void>(int ifIndex)>;
  // Creates a Request. Called on the event loop's thread, because a socket belongs to the network
  // namespace of the thread that opens it.
  using OpenRequest = std::function<Result<Request>()>;

  static constexpr std::size_t kMostThreads = 16;

  // The default sends RTM_DELLINK.
  explicit LinkRemover(OpenRequest open = {});
  LinkRemover(const LinkRemover&) = delete;
  LinkRemover& operator=(const LinkRemover&) = delete;
  ~LinkRemover();  // does not wait; drops the queued removals

  // Waits at most 20 ms until the kernel has replied or `gone` returns true. Calls `gone` each time
  // `monitorFd` is readable. Does not wait if all threads are busy. Success can thus mean that the
  // removal is in progress: if the link still exists later, the caller removes it again. Transient:
  // the removal of this link has been in progress for 2 s or more.
  Result<void> remove(int ifIndex, int monitorFd, const std::function<bool()>& gone);

 private:
  struct Shared;

  Result<bool> startThread();

  OpenRequest open_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace bgplb::netlink
