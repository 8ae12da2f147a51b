#pragma once
// Implements the ports Kernel, HostNetwork and HostSettings by rtnetlink. Created by App, called by
// the reconciler. Owns the parts of netlink/ and connects them.
//
// One socket sends synchronous requests, a second one receives all changes (multicast). The
// multicast socket is drained after the requests of each action. The mirror (kernel_mirror.hpp)
// therefore shows the effects before the caller continues, and our own changes can be distinguished
// from those of other programs.
//
// Changes only our own objects: bridges with our name prefix that no other instance of the plugin
// created (core/instance.hpp), veth pairs with our names, and routes, rules and nexthop objects
// with our protocol. If another program uses the same name or destination, the action fails with
// Conflict.

#include "netlink/kernel_mirror.hpp"
#include "netlink/link_actions.hpp"
#include "netlink/link_remover.hpp"
#include "netlink/route_actions.hpp"
#include "netlink/socket.hpp"
#include "reconcile/ports.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace bgplb::netlink {

struct RtnlOptions {
  core::Instance instance{};
  // SO_RCVBUF of the monitor socket, in bytes. Must hold the notifications that arrive while the
  // program is busy: creating thousands of networks causes about ten thousand messages of 1-2 KiB,
  // for each of which the kernel charges about one page.
  int receiveBuffer = 16 * 1024 * 1024;
  // Routes of other programs are reported only if they may lead to one of these addresses, so that
  // a routing daemon with a full table does not wake this program. None: all are reported.
  std::optional<std::set<Address>> peers{};
};

class RtnlKernel : public reconcile::Kernel,
                   public reconcile::HostNetwork,
                   public reconcile::HostSettings {
 public:
  using OnChange = KernelMirror::OnChange;

  // Must outlive the last run of `io`.
  RtnlKernel(boost::asio::io_context& io, OnChange onChange, RtnlOptions options = {});
  RtnlKernel(const RtnlKernel&) = delete;
  RtnlKernel& operator=(const RtnlKernel&) = delete;

  // Opens the sockets, dumps the complete state (blocks) and subscribes to notifications.
  // Unsupported: the kernel lacks a function that VIPs need; the message is a complete sentence.
  Result<void> start();

  Result<void> apply(const core::Action& action) override;
  core::KernelNetwork observe(const std::string& bridge) const override;
  std::set<std::string> ownLinks() const override;
  bool hasVeth(const std::string& host) const override;
  bool supports(Family family) const override;
  void setPinned(bool pinned) override;
  void resync() override;

  std::vector<reconcile::HostAddress> addresses() const override;
  Result<reconcile::RouteLookup> routeTo(const Address& destination) override;

  Result<bool> relaxReversePathFilter(const std::string& dev) override;
  Result<unsigned> containerReversePathFilter(const std::string& veth) override;
  Result<void> hashFlows(Family family) override;
  Result<void> primeNeighbor(const Address& neighbor) override;

  std::uint64_t dumps() const { return mirror_.dumps(); }       // of the kernel's complete state
  bool isRefreshing() const { return mirror_.isRefreshing(); }  // a dump is scheduled or running

 private:
  std::set<std::string> ownBridges() const;
  Task<> respreadGroups();

  boost::asio::io_context& io_;
  Socket socket_;
  KernelMirror mirror_;
  LinkRemover remover_;
  LinkActions links_;
  RouteActions routes_;
  std::set<std::string> toRespread_;  // bridges whose groups still have the previous timers
  bool respreading_ = false;
};

}  // namespace bgplb::netlink
