#pragma once
// Removing a link keeps the caller in the kernel for 20 ms and more, though the link is gone for
// everybody after one: the rest is the kernel waiting until nobody can still hold a reference, with
// no lock held (measured: other requests go on within 0.03 ms meanwhile). The event loop must not
// wait for that, a withdrawal may be next. So the request is made by a thread that does nothing
// else, and the caller goes on when the removal has been announced.

#include "base/result.hpp"
#include "netlink/socket.hpp"

#include <functional>
#include <list>
#include <memory>
#include <thread>

namespace bgplb::netlink {

class LinkRemover {
 public:
  LinkRemover() = default;
  LinkRemover(const LinkRemover&) = delete;
  LinkRemover& operator=(const LinkRemover&) = delete;
  ~LinkRemover();

  // Returns when `gone` holds, asked each time `monitorFd` is readable, or when the kernel has
  // answered.
  Result<void> remove(int ifIndex, int monitorFd, const std::function<bool()>& gone);

 private:
  struct Removal {
    Removal();
    Removal(const Removal&) = delete;
    Removal& operator=(const Removal&) = delete;
    ~Removal();  // waits for the kernel

    Socket socket;
    int answered;  // eventfd(2), readable once `outcome` is set
    Result<void> outcome;
    std::thread thread;
  };

  void forgetAnswered();

  std::list<Removal> removals_;  // oldest first
};

}  // namespace bgplb::netlink
