#include "netlink/monitor.hpp"

#include "netlink/route_filter.hpp"

#include <fmt/format.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace bgplb::netlink {

namespace {

constexpr std::size_t kDatagram = 65536;  // bytes

constexpr unsigned bit(unsigned group) { return 1U << (group - 1); }
constexpr unsigned kGroups = bit(RTNLGRP_LINK) | bit(RTNLGRP_NEIGH) | bit(RTNLGRP_IPV4_IFADDR) |
                             bit(RTNLGRP_IPV6_IFADDR) | bit(RTNLGRP_IPV4_ROUTE) |
                             bit(RTNLGRP_IPV6_ROUTE) | bit(RTNLGRP_IPV4_RULE) |
                             bit(RTNLGRP_IPV6_RULE) | bit(RTNLGRP_NEXTHOP);

}  // namespace

Result<void> Monitor::open(int receiveBuffer, core::Instance instance,
                           const std::optional<std::set<Address>>& peers) {
  auto socket = openSocket(SOCK_NONBLOCK);
  if (!socket) return socket.error();
  const int fd = mnl_socket_get_fd(socket->get());
  // Exceeding net.core.rmem_max requires CAP_NET_ADMIN in the initial user namespace. With a
  // smaller buffer, the kernel drops messages sooner and more dumps are needed.
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receiveBuffer, sizeof(receiveBuffer)) != 0) {
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, sizeof(receiveBuffer));
  }
  if (peers) {
    auto filter = routeFilter(*peers, instance);
    const sock_fprog program{.len = static_cast<unsigned short>(filter.size()),
                             .filter = filter.data()};
    // Without the filter, more messages are read and ignored.
    (void)setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
  }
  if (mnl_socket_bind(socket->get(), kGroups, MNL_SOCKET_AUTOPID) != 0) {
    return unavailable(fmt::format("netlink multicast bind: {}", std::strerror(errno)));
  }
  socket_ = std::move(*socket);
  instance_ = instance;
  buffer_.resize(kDatagram);
  return {};
}

int Monitor::fd() const { return mnl_socket_get_fd(socket_.get()); }

Result<Monitor::Drained> Monitor::drain(std::size_t limit,
                                        const std::function<void(const Notification&)>& fold) {
  if (!socket_) return unavailable("netlink monitor is not open");
  for (std::size_t count = 0; count < limit; ++count) {
    const Datagram datagram = receive(fd(), buffer_);
    if (datagram.error == EAGAIN) return Drained::Everything;
    if (datagram.error == ENOBUFS || datagram.truncated) return Drained::Overrun;
    if (datagram.error != 0) {
      return unavailable(fmt::format("netlink monitor: {}", std::strerror(datagram.error)));
    }
    if (!datagram.fromKernel) continue;  // any process may send to a netlink port
    auto left = static_cast<int>(datagram.size);
    const auto* message = reinterpret_cast<const nlmsghdr*>(buffer_.data());
    for (; isWhole(message, left); message = mnl_nlmsg_next(message, &left)) {
      if (const auto change = parse(*message, instance_)) fold(*change);
    }
  }
  return Drained::Part;
}

}  // namespace bgplb::netlink
