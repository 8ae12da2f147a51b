#pragma once
// The kernel's side of the LB networks, by rtnetlink.
//
// Two sockets: requests are synchronous on one, the other hears of every change (multicast). A
// mirror holds what is there. After each request the second socket is read empty, so that the
// mirror shows the effect before the caller goes on, and so that own effects can be told from
// foreign ones: what a request did not explain is reported through `onChange`.
//
// Only what is ours is touched: bridges with our prefix, veth pairs with our names, routes with our
// protocol. A name or a route that someone else holds is a Conflict.

#include "netlink/link_remover.hpp"
#include "netlink/mirror.hpp"
#include "netlink/monitor.hpp"
#include "netlink/socket.hpp"
#include "reconcile/ports.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace bgplb::netlink {

class RtnlKernel : public reconcile::Kernel {
 public:
  // Networks of ours that someone else changed; whether an address of this host, a link it may be
  // reached by or a foreign route has changed. Called from the event loop, never from inside a
  // call.
  using OnChange = std::function<void(std::set<std::string> bridges, bool addressesOrUplink)>;

  RtnlKernel(boost::asio::io_context& io, OnChange onChange);
  RtnlKernel(const RtnlKernel&) = delete;
  RtnlKernel& operator=(const RtnlKernel&) = delete;
  ~RtnlKernel() override;

  // Opens the sockets, dumps everything and begins to watch.
  Result<void> start();

  Result<void> apply(const core::Action& action) override;
  core::KernelNetwork observe(const std::string& bridge) const override;
  std::set<std::string> ownLinks() const override;
  bool hasVeth(const std::string& host) const override;
  std::vector<reconcile::HostAddress> addresses() const override;
  Result<reconcile::RouteLookup> routeTo(const Address& destination) override;
  Result<void> relaxReversePathFilter(const std::string& dev) override;
  Result<void> primeNeighbor(const Address& neighbor) override;
  Result<void> hashFlows(Family family) override;
  Result<void> resync() override;

  // Whether established connections have their way marked (firewall/flow_marks.hpp), so that groups
  // need not spare them. Applied to the groups that are there, too.
  void setPinned(bool pinned);

 private:
  Result<void> act(const core::BridgeAdd& action);
  Result<void> act(const core::VethAdd& action);
  Result<void> act(const core::LinkDel& action);
  Result<void> act(const core::RouteReplace& action);
  Result<void> act(const core::RouteDel& action);
  Result<void> act(const core::NeighReplace& action);
  Result<void> act(const core::NeighDel& action);
  Result<void> act(const core::NextHopAdd& action);
  Result<void> act(const core::NextHopDel& action);
  Result<void> act(const core::GroupReplace& action);
  Result<void> act(const core::GroupDel& action);
  Result<void> act(const core::PinnedRouteReplace& action);
  Result<void> act(const core::PinnedRouteDel& action);

  std::optional<Link> find(const std::string& name) const;
  Result<Link> findBridge(const std::string& name) const;
  // The link of that name, made by `creation` if there is none.
  Result<Link> findOrCreate(const std::string& name, const char* kind, const Request& creation);
  Result<void> bringUp(const Link& link, unsigned mtu, int master);
  Result<void> moveRoute(const core::RouteReplace& action, std::uint32_t group);
  std::uint32_t freeNextHopId();
  Result<void> setMembers(std::uint32_t group, const std::set<std::uint32_t>& members);
  void removeUnusedRules();
  Result<Route> lookUp(const Request& request);
  Result<unsigned> reversePathFilter(int ifIndex);

  Result<void> dump(const Request& request, Mirror& mirror);
  Result<void> refresh();
  void catchUp();
  void watch();
  void onReadable();
  void report(Changes changes);
  void deliver();

  boost::asio::io_context& io_;
  OnChange onChange_;
  Socket socket_;
  Monitor monitor_;
  LinkRemover remover_;
  boost::asio::posix::stream_descriptor readable_;  // the monitor's descriptor, which owns it
  boost::asio::steady_timer retry_;
  Mirror mirror_;
  bool stale_ = true;  // the mirror may have missed something
  Changes seen_;       // by the call that is under way
  Changes pending_;    // to be reported
  bool posted_ = false;
  bool pinned_ = false;
  bool resilient_ = true;  // until the kernel refuses such a group (before Linux 5.13)
  std::uint32_t nextHopId_ = 0;  // tried last
  // Handlers in the event loop's queue may outlive this object; they look here first.
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace bgplb::netlink
