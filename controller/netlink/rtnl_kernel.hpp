#pragma once
// The kernel's side of the VIP networks, by rtnetlink: the adapter of the ports Kernel, HostNetwork
// and HostSettings. It owns the parts and connects them.
//
// Two sockets: requests are synchronous on one, the other receives every change (multicast). After
// each request the second socket is read empty, so that the mirror (kernel_mirror.hpp) shows the
// effect before the caller goes on, and our own effects can be told from those of other programs.
//
// Only our own objects are changed: bridges with our prefix, veth pairs with our names, routes with
// our protocol. A name or a route that another program holds is a Conflict.

#include "netlink/kernel_mirror.hpp"
#include "netlink/link_actions.hpp"
#include "netlink/link_remover.hpp"
#include "netlink/route_actions.hpp"
#include "netlink/socket.hpp"
#include "reconcile/ports.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace bgplb::netlink {

struct RtnlOptions {
  // Of the monitor socket, in bytes. A burst while the program does something else must fit:
  // thousands of networks made at once are some ten thousand messages of 1-2 KiB, and the kernel
  // counts a page or so for each.
  int receiveBuffer = 16 * 1024 * 1024;
};

class RtnlKernel : public reconcile::Kernel,
                   public reconcile::HostNetwork,
                   public reconcile::HostSettings {
 public:
  using OnChange = KernelMirror::OnChange;

  // Must live until `io` is run no more.
  RtnlKernel(boost::asio::io_context& io, OnChange onChange, RtnlOptions options = {});
  RtnlKernel(const RtnlKernel&) = delete;
  RtnlKernel& operator=(const RtnlKernel&) = delete;

  // Opens the sockets, dumps everything and begins to watch.
  Result<void> start();

  Result<void> apply(const core::Action& action) override;
  core::KernelNetwork observe(const std::string& bridge) const override;
  std::set<std::string> ownLinks() const override;
  bool hasVeth(const std::string& host) const override;
  void setPinned(bool pinned) override;
  void resync() override;

  std::vector<reconcile::HostAddress> addresses() const override;
  Result<reconcile::RouteLookup> routeTo(const Address& destination) override;

  Result<void> relaxReversePathFilter(const std::string& dev) override;
  Result<void> hashFlows(Family family) override;
  Result<void> primeNeighbor(const Address& neighbor) override;

  std::uint64_t dumps() const { return mirror_.dumps(); }       // of the kernel's whole state
  bool isRefreshing() const { return mirror_.isRefreshing(); }  // a dump is due or running

 private:
  Task<> respreadGroups();

  boost::asio::io_context& io_;
  Socket socket_;
  KernelMirror mirror_;
  LinkRemover remover_;
  LinkActions links_;
  RouteActions routes_;
  std::set<std::string> toRespread_;  // bridges whose groups spread flows in the former way
  bool respreading_ = false;
};

}  // namespace bgplb::netlink
