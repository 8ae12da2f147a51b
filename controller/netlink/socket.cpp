#include "netlink/socket.hpp"

#include <fmt/format.h>
#include <libmnl/libmnl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <cstring>

namespace bgplb::netlink {

namespace {

constexpr timeval kReplyTimeout{.tv_sec = 2, .tv_usec = 0};
// The kernel fills the datagrams of a dump up to the size of the reader's buffer, at most 32 KiB.
constexpr std::size_t kBufferSize = 65536;  // bytes

void setOption(const mnl_socket* socket, int option) {
  int on = 1;
  // Optional: without one of these options, the kernel sends no error text or filters less, which
  // the callers tolerate.
  (void)mnl_socket_setsockopt(socket, option, &on, sizeof(on));
}

}  // namespace

void SocketCloser::operator()(mnl_socket* socket) const { mnl_socket_close(socket); }

Result<SocketHandle> openSocket(int flags) {
  SocketHandle socket(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | flags));
  if (!socket) return unavailable(fmt::format("netlink socket: {}", std::strerror(errno)));
  return socket;
}

Datagram receive(int fd, std::vector<char>& buffer) {
  sockaddr_nl sender{};
  iovec part{.iov_base = buffer.data(), .iov_len = buffer.size()};
  msghdr message{};
  message.msg_name = &sender;
  message.msg_namelen = sizeof(sender);
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  ssize_t size = 0;
  do {
    size = recvmsg(fd, &message, 0);
  } while (size < 0 && errno == EINTR);
  if (size < 0) return {.error = errno};
  return {.error = 0,
          .size = static_cast<std::size_t>(size),
          .fromKernel = sender.nl_pid == 0,
          .truncated = (message.msg_flags & MSG_TRUNC) != 0};
}

Result<void> Socket::open() {
  auto socket = openSocket(0);
  if (!socket) return socket.error();
  if (mnl_socket_bind(socket->get(), 0, MNL_SOCKET_AUTOPID) != 0) {
    return unavailable(fmt::format("netlink bind: {}", std::strerror(errno)));
  }
  setOption(socket->get(), NETLINK_EXT_ACK);
  setOption(socket->get(), NETLINK_CAP_ACK);
  setOption(socket->get(), NETLINK_GET_STRICT_CHK);
  const int fd = mnl_socket_get_fd(socket->get());
  if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kReplyTimeout, sizeof(kReplyTimeout)) != 0) {
    return unavailable(fmt::format("netlink SO_RCVTIMEO: {}", std::strerror(errno)));
  }
  socket_ = std::move(*socket);
  buffer_.resize(kBufferSize);
  return {};
}

Result<void> Socket::request(Request request) {
  return exchange(request, Until::Acknowledged, [](const nlmsghdr&) {});
}

Result<void> Socket::query(Request request, const OnMessage& onAnswer) {
  return exchange(request, Until::Answered, onAnswer);
}

Result<Route> Socket::queryRoute(Request request) {
  std::optional<Route> route;
  const auto answered =
      query(request, [&route](const nlmsghdr& message) { route = parseRouteReply(message); });
  if (!answered) return answered.error();
  if (!route) return invalid("the kernel's reply is not a route");
  return *route;
}

Result<void> Socket::dump(Request request, const OnMessage& onMessage) {
  return exchange(request, Until::Done, onMessage);
}

Result<void> Socket::exchange(Request& request, Until until, const OnMessage& onMessage) {
  if (!socket_) return unavailable("netlink socket is not open");
  nlmsghdr& header = request.header();
  header.nlmsg_seq = ++sequence_;
  const unsigned port = mnl_socket_get_portid(socket_.get());
  if (mnl_socket_sendto(socket_.get(), &header, header.nlmsg_len) < 0) {
    return errorOf({.error = errno, .text = {}});
  }
  bool interrupted = false;
  while (true) {
    const Datagram datagram = receive(mnl_socket_get_fd(socket_.get()), buffer_);
    if (datagram.error == EAGAIN) return transient("the kernel did not answer within 2 s");
    if (datagram.error != 0) return errorOf({.error = datagram.error, .text = {}});
    if (!datagram.fromKernel) continue;
    if (datagram.truncated) return invalid("netlink answer longer than 64 KiB");
    auto left = static_cast<int>(datagram.size);
    const auto* message = reinterpret_cast<const nlmsghdr*>(buffer_.data());
    for (; isWhole(message, left); message = mnl_nlmsg_next(message, &left)) {
      // Skip late replies to an earlier request that timed out.
      if (message->nlmsg_seq != sequence_ || message->nlmsg_pid != port) continue;
      interrupted = interrupted || (message->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
      if (message->nlmsg_type == NLMSG_ERROR || message->nlmsg_type == NLMSG_DONE) {
        const Reply reply = parseReply(*message);
        if (reply.error != 0) return errorOf(reply);
        if (interrupted) return transient("dump interrupted by a change");
        return {};
      }
      onMessage(*message);
      if (until == Until::Answered) return {};
    }
  }
}

}  // namespace bgplb::netlink
