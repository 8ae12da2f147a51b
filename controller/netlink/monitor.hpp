#pragma once
// The rtnetlink multicast socket (RTNLGRP_*), on which the kernel reports every change, our own
// included. Owned and read by KernelMirror.

#include "base/result.hpp"
#include "netlink/codec.hpp"
#include "netlink/socket.hpp"

#include <functional>
#include <optional>
#include <set>

namespace bgplb::netlink {

class Monitor {
 public:
  // `receiveBuffer`: SO_RCVBUF in bytes. When it is full, the kernel drops messages. `peers` as in
  // RtnlOptions. May be called again after a failure.
  Result<void> open(int receiveBuffer, core::Instance instance,
                    const std::optional<std::set<Address>>& peers = {});
  int fd() const;

  enum class Drained {
    Everything,  // the queue is empty
    Part,        // `limit` datagrams were read
    Overrun,     // messages were lost (ENOBUFS or a truncated datagram): a dump is needed
  };
  Result<Drained> drain(std::size_t limit, const std::function<void(const Notification&)>& fold);

 private:
  SocketHandle socket_;
  core::Instance instance_;
  std::vector<char> buffer_;
};

}  // namespace bgplb::netlink
