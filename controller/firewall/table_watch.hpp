#pragma once
// Reports changes of the packet filter by any program that uses nf_tables (NETLINK_NETFILTER, group
// NFNLGRP_NFTABLES; needs CAP_NET_ADMIN). The kernel sends no notifications about changes by
// iptables-legacy. Owned by Iptables.

#include "base/result.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <functional>
#include <memory>

namespace bgplb::firewall {

class TableWatch {
 public:
  // `onChange` is called from the event loop, once for all changes that are queued.
  TableWatch(boost::asio::io_context& io, std::function<void()> onChange);
  ~TableWatch();
  TableWatch(const TableWatch&) = delete;
  TableWatch& operator=(const TableWatch&) = delete;

  Result<void> open();
  bool isOpen() const { return readable_.is_open(); }

 private:
  void watch();
  bool drain();

  boost::asio::posix::stream_descriptor readable_;
  std::function<void()> onChange_;
  // A handler queued on the event loop may run after this object is destroyed. It holds a weak_ptr
  // to `alive_` and returns if that has expired.
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace bgplb::firewall
