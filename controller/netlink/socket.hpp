#pragma once
// The request socket: one request, its acknowledgement; one dump, all of it. Synchronous, because
// the kernel works a request off inside sendmsg(2): the answer is there when that returns.

#include "base/result.hpp"
#include "netlink/codec.hpp"
#include "netlink/requests.hpp"

#include <functional>
#include <memory>
#include <vector>

struct mnl_socket;

namespace bgplb::netlink {

struct SocketCloser {
  void operator()(mnl_socket* socket) const;
};
using SocketHandle = std::unique_ptr<mnl_socket, SocketCloser>;

// Opens a NETLINK_ROUTE socket; `flags` as for socket(2), close-on-exec is added.
Result<SocketHandle> openSocket(int flags);

// One datagram from the kernel, no matter whose else wrote to the socket: true if there was one.
struct Datagram {
  int error = 0;  // errno: EAGAIN when there is none
  std::size_t size = 0;
  bool fromKernel = false;
  bool truncated = false;
};
Datagram receive(int fd, std::vector<char>& buffer);

class Socket {
 public:
  using OnMessage = std::function<void(const nlmsghdr&)>;

  Result<void> open();

  // Sends and waits for the acknowledgement.
  Result<void> request(Request request);
  // Sends and waits for the one message that answers (RTM_GETNETCONF).
  Result<void> query(Request request, const OnMessage& onAnswer);
  // The same for RTM_GETROUTE.
  Result<Route> queryRoute(Request request);
  // NotFound and so on as the kernel says; Transient when it was interrupted (NLM_F_DUMP_INTR:
  // what was listed changed meanwhile, and parts may be missing): forget what came and dump again.
  Result<void> dump(Request request, const OnMessage& onMessage);

 private:
  enum class Until { Acknowledged, Answered, Done };
  Result<void> exchange(Request& request, Until until, const OnMessage& onMessage);

  SocketHandle socket_;
  std::vector<char> buffer_;
  std::uint32_t sequence_ = 0;
};

}  // namespace bgplb::netlink
