#pragma once
// A synchronous rtnetlink socket for requests, queries and dumps. Synchronous calls do not wait
// long: the kernel processes a request inside sendmsg(2), so the reply is queued when sendmsg
// returns. RtnlKernel, KernelMirror and LinkRemover each own sockets of this kind.

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

// The result of one receive().
struct Datagram {
  int error = 0;  // errno; EAGAIN: no datagram
  std::size_t size = 0;
  bool fromKernel = false;  // any process may send to a netlink socket; the caller skips those
  bool truncated = false;
};
Datagram receive(int fd, std::vector<char>& buffer);

class Socket {
 public:
  using OnMessage = std::function<void(const nlmsghdr&)>;

  Result<void> open();

  // Sends the request and waits at most 2 s for the acknowledgement (then Transient). Other errors:
  // see errorOf().
  Result<void> request(Request request);
  // Sends the request and waits for the single reply message (RTM_GETNETCONF, RTM_GETLINK).
  Result<void> query(Request request, const OnMessage& onAnswer);
  // Sends the request and waits for the single reply message (RTM_GETROUTE).
  Result<Route> queryRoute(Request request);
  // Transient: the listed objects changed during the dump and parts may be missing
  // (NLM_F_DUMP_INTR); the caller discards what it received and dumps again. Other errors: see
  // errorOf().
  Result<void> dump(Request request, const OnMessage& onMessage);

 private:
  enum class Until { Acknowledged, Answered, Done };
  Result<void> exchange(Request& request, Until until, const OnMessage& onMessage);

  SocketHandle socket_;
  std::vector<char> buffer_;
  std::uint32_t sequence_ = 0;
};

}  // namespace bgplb::netlink
