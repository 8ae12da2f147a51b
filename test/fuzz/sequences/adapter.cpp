// Takes the place of the sources of netlink/ and reconcile/ that wait for the kernel or for time:
// socket.cpp, monitor.cpp, link_remover.cpp, host_settings.cpp, neighbor_primer.cpp,
// kernel_mirror_tasks.cpp and loop.cpp. The simulated kernel gets the requests. All other sources
// of both folders are the product's.
#include "fuzz/sequences/adapter.hpp"

#include "netlink/dump.hpp"
#include "netlink/host_settings.hpp"
#include "netlink/kernel_mirror.hpp"
#include "netlink/link_remover.hpp"
#include "netlink/neighbor_primer.hpp"
#include "reconcile/loop.hpp"

#include <cerrno>

namespace bgplb::fuzz {

Simulation& simulation() {
  static Simulation one;
  return one;
}

}  // namespace bgplb::fuzz

namespace bgplb::netlink {

using fuzz::simulation;

void SocketCloser::operator()(mnl_socket*) const {}

Result<void> Socket::open() { return {}; }

Result<void> Socket::request(Request request) {
  const int outcome = simulation().kernel->handle(request.header());
  if (outcome != 0) return errorOf({.error = outcome, .text = {}});
  return {};
}

Result<void> Socket::query(Request, const OnMessage&) { return unsupported("no such query"); }

Result<Route> Socket::queryRoute(Request request) {
  const auto reply = simulation().kernel->lookUp(request.header());
  if (!reply) return errorOf({.error = ENETUNREACH, .text = {}});
  const auto route = parseRouteReply(*reinterpret_cast<const nlmsghdr*>(reply->data()));
  if (!route) return invalid("the kernel's reply is not a route");
  return *route;
}

Result<void> Socket::dump(Request request, const OnMessage& onMessage) {
  simulation().kernel->dump(request.header(), onMessage);
  return {};
}

Result<void> Monitor::open(int, core::Instance, const std::optional<std::set<Address>>&) {
  return {};
}

int Monitor::fd() const { return -1; }

Result<Monitor::Drained> Monitor::drain(std::size_t,
                                        const std::function<void(const Notification&)>& fold) {
  auto& kernel = *simulation().kernel;
  if (kernel.takeOverrun()) return Drained::Overrun;
  while (const auto message = kernel.nextNotification()) {
    if (const auto change = parse(*reinterpret_cast<const nlmsghdr*>(message->data()), instance_)) {
      fold(*change);
    }
  }
  return Drained::Everything;
}

Result<void> KernelMirror::start() {
  ++dumps_;
  auto dumped = dumpAll(*dumpSocket_, mirror_.instance());
  if (!dumped) return dumped.error();
  mirror_ = std::move(*dumped);
  catchUp();
  auto& kernel = *simulation().kernel;
  kernel.onReadable = [this] {
    drain(1024, pending_);
    deliver();
  };
  return {};
}

// The simulation runs the dump later.
void KernelMirror::resync() {
  if (std::exchange(refreshing_, true)) return;
  simulation().kernel->refresh = [this] {
    catchUp();
    refreshing_ = stale_ = false;
    ++dumps_;
    sinceDumpBegan_.emplace();
    auto fresh = dumpAll(*dumpSocket_, mirror_.instance());
    if (!fresh) return;
    Changes missed;
    std::set<std::string> bridges = mirror_.bridges();
    bridges.insert(fresh->bridges().begin(), fresh->bridges().end());
    foldMissed(*fresh);
    for (const auto& bridge : bridges) noteMissed(bridge, *fresh, missed);
    swapWith(*fresh, std::move(missed));
  };
}

struct LinkRemover::Shared {};
LinkRemover::LinkRemover(OpenRequest open) : open_(std::move(open)) {}
LinkRemover::~LinkRemover() = default;

Result<void> LinkRemover::remove(int ifIndex, int, const std::function<bool()>& gone) {
  auto& kernel = *simulation().kernel;
  if (kernel.isSlow(ifIndex)) return {};
  if (kernel.slowRemovals) {
    kernel.removeLater(ifIndex);
    return {};
  }
  const int outcome = kernel.handle(linkDel(ifIndex).header());
  if (outcome != 0) return errorOf({.error = outcome, .text = {}});
  gone();
  return {};
}

Result<bool> relaxReversePathFilter(Socket& socket, const Link& link) {
  const auto& links = simulation().kernel->state().links;
  const auto known = links.find(link.index);
  if (known != links.end() && known->second.rpFilter == 2) return true;
  auto set = socket.request(linkSetReversePathFilter(link.index, 2));
  if (!set) return set.error();
  return true;
}

// Containers do not filter.
Result<unsigned> containerReversePathFilter(Socket&, const Link&) { return 0U; }

Result<void> hashFlows(Family) { return {}; }

bool refuseRouterAdvertisements(const std::string& link) {
  simulation().kernel->refuseRouterAdvertisements(link);
  return true;
}

Result<void> primeNeighbor(const Address&) { return {}; }

}  // namespace bgplb::netlink

namespace bgplb::reconcile {

Loop::Loop(boost::asio::io_context& io, Reconciler& reconciler)
    : io_(io), reconciler_(reconciler), timer_(io) {
  reconciler_.onWake([this] { wake(); });
}

// The simulation runs a step after each input.
void Loop::wake() {}

Result<void> Loop::settle(const NetworkId& id) {
  return reconciler_.settle(id, fuzz::simulation().now);
}

}  // namespace bgplb::reconcile
