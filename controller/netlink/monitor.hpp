#pragma once
// The other socket: what anyone changes in the kernel, told to all who listen (RTNLGRP_*).

#include "base/result.hpp"
#include "netlink/codec.hpp"
#include "netlink/socket.hpp"

#include <functional>

namespace bgplb::netlink {

class Monitor {
 public:
  Result<void> open();
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
