#pragma once
// The other socket: the kernel notifies of every change, whoever makes it (multicast, RTNLGRP_*).

#include "base/result.hpp"
#include "netlink/codec.hpp"
#include "netlink/socket.hpp"

#include <functional>

namespace bgplb::netlink {

class Monitor {
 public:
  // `receiveBuffer` in bytes: when it is full, the kernel drops messages. May be called again after a
  // failure.
  Result<void> open(int receiveBuffer);
  int fd() const;

  enum class Drained {
    Everything,  // nothing is waiting any more
    Part,        // `limit` datagrams were read
    Overrun,     // the kernel dropped messages (ENOBUFS): only a dump tells what is there
  };
  Result<Drained> drain(std::size_t limit, const std::function<void(const Notification&)>& fold);

 private:
  SocketHandle socket_;
  std::vector<char> buffer_;
};

}  // namespace bgplb::netlink
