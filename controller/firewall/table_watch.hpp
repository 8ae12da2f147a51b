#pragma once
// Hears of every change of the packet filter made through nf_tables, by whomever
// (NETLINK_NETFILTER, group NFNLGRP_NFTABLES: CAP_NET_ADMIN). The legacy flavour tells nobody.

#include "base/result.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <functional>
#include <memory>

namespace bgplb::firewall {

class TableWatch {
 public:
  // `onChange` comes once for any number of changes that were waiting, from the event loop.
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
  // Handlers in the event loop's queue may outlive this object; they look here first.
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace bgplb::firewall
