#pragma once
// Removing a link keeps the caller in the kernel for 20 ms and more, though the link is gone for
// everybody after one: the rest is the kernel waiting until nobody can still hold a reference, with
// no lock held (measured: other requests go on within 0.03 ms meanwhile). A reference that is never
// dropped ("unregister_netdevice: waiting for ... to become free") makes that for ever. The event
// loop must not wait for it, since a withdrawal may be next: a few threads make the requests, one
// each at a time, and further removals wait in a queue. Nobody joins the threads: they own what
// they use, and the end of the program does not wait for them.

#include "base/result.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

namespace bgplb::netlink {

class LinkRemover {
 public:
  // Requests the removal of a link from the kernel and returns the kernel's answer. Each thread has
  // one of its own.
  using Request = std::function<Result<void>(int ifIndex)>;
  // Makes one, on the caller's thread: a socket belongs to the network namespace of the thread that
  // opens it.
  using OpenRequest = std::function<Result<Request>()>;

  static constexpr std::size_t kMostThreads = 16;

  // The default sends RTM_DELLINK.
  explicit LinkRemover(OpenRequest open = {});
  LinkRemover(const LinkRemover&) = delete;
  LinkRemover& operator=(const LinkRemover&) = delete;
  ~LinkRemover();  // does not wait; what is queued is dropped

  // Returns when `gone` holds, asked each time `monitorFd` is readable, or with the kernel's
  // answer; but after 20 ms at most, and at once if the removal has to be queued. Success then
  // means that it is under way: a link that is still there later is to be removed again. Transient:
  // this link's removal has been under way for more than 2 s.
  Result<void> remove(int ifIndex, int monitorFd, const std::function<bool()>& gone);

 private:
  struct Shared;

  Result<bool> startThread();

  OpenRequest open_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace bgplb::netlink
