#include "firewall/table_watch.hpp"

#include "io/descriptor.hpp"

#include <fmt/format.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace bgplb::firewall {

namespace {

constexpr int kPerTurn = 1024;  // datagrams read before other handlers may run

}  // namespace

TableWatch::TableWatch(boost::asio::io_context& io, std::function<void()> onChange)
    : readable_(io), onChange_(std::move(onChange)) {}

TableWatch::~TableWatch() = default;

Result<void> TableWatch::open() {
  io::Descriptor fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER));
  if (!fd.isOpen()) return unavailable(fmt::format("nfnetlink socket: {}", std::strerror(errno)));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  const int group = NFNLGRP_NFTABLES;
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      setsockopt(fd.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) != 0) {
    return unavailable(fmt::format("nfnetlink group: {}", std::strerror(errno)));
  }
  readable_.assign(fd.release());
  watch();
  return {};
}

void TableWatch::watch() {
  const std::weak_ptr<int> alive = alive_;
  readable_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                       [this, alive](const boost::system::error_code& error) {
                         if (error || alive.expired()) return;
                         if (drain()) onChange_();
                         watch();
                       });
}

// Returns whether any change was queued. The contents do not matter, because a change triggers a
// complete check; lost notifications (ENOBUFS) therefore count as a change.
bool TableWatch::drain() {
  std::array<char, 8192> buffer;
  bool any = false;
  for (int count = 0; count < kPerTurn; ++count) {
    const ssize_t got = recv(readable_.native_handle(), buffer.data(), buffer.size(), MSG_TRUNC);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno != ENOBUFS) return any;
    any = true;
  }
  return any;
}

}  // namespace bgplb::firewall
