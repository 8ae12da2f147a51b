#include "netlink/rtnl_kernel.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>

namespace bgplb::netlink {

namespace {

constexpr std::size_t kPerTurn = 1024;  // datagrams; others on the event loop want their turn
constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();
constexpr int kDumpAttempts = 10;
constexpr int kRefreshAttempts = 5;
constexpr std::chrono::seconds kRetryAfter{1};

constexpr unsigned kStrict = 1;  // rp_filter
constexpr unsigned kLoose = 2;

// The bridge whose state an action changes; for the removal of a veth the one it is a port of.
std::string bridgeOf(const core::Action& action, const Mirror& mirror) {
  return std::visit(
      [&mirror](const auto& step) -> std::string {
        using Step = std::decay_t<decltype(step)>;
        if constexpr (std::is_same_v<Step, core::BridgeAdd>) {
          return step.name;
        } else if constexpr (std::is_same_v<Step, core::VethAdd>) {
          return step.bridge;
        } else if constexpr (std::is_same_v<Step, core::LinkDel>) {
          const Link* link = mirror.link(step.name);
          const Link* master = link == nullptr ? nullptr : mirror.link(link->master);
          return master == nullptr ? step.name : master->name;
        } else {
          return step.dev;
        }
      },
      action);
}

}  // namespace

RtnlKernel::RtnlKernel(boost::asio::io_context& io, OnChange onChange)
    : io_(io), onChange_(std::move(onChange)), readable_(io), retry_(io) {}

RtnlKernel::~RtnlKernel() {
  if (readable_.is_open()) readable_.release();  // the monitor closes it
}

Result<void> RtnlKernel::start() {
  if (auto opened = socket_.open(); !opened) return opened;
  if (auto opened = monitor_.open(); !opened) return opened;  // before the dump: nothing is missed
  if (auto dumped = refresh(); !dumped) return dumped;
  pending_ = {};  // the caller looks at everything now
  readable_.assign(monitor_.fd());
  watch();
  return {};
}

Result<void> RtnlKernel::apply(const core::Action& action) {
  catchUp();  // act on what is there now, not on what was read last
  report(std::exchange(seen_, {}));
  if (stale_) {
    if (auto refreshed = refresh(); !refreshed)
      return refreshed.error().within(core::toText(action));
  }
  const std::string bridge = bridgeOf(action, mirror_);
  const core::KernelNetwork before = mirror_.observe(bridge);
  const auto outcome = std::visit([this](const auto& step) { return act(step); }, action);
  catchUp();
  const auto after = outcome ? core::applied(before, action) : before;
  if (mirror_.observe(bridge) == after) seen_.bridges.erase(bridge);
  report(std::exchange(seen_, {}));
  if (outcome) return {};
  // Refused for what the mirror shows as possible: what it shows may be wrong.
  if (outcome.error().kind == ErrorKind::Invalid) stale_ = true;
  return outcome.error().within(core::toText(action));
}

core::KernelNetwork RtnlKernel::observe(const std::string& bridge) const {
  return mirror_.observe(bridge);
}
std::set<std::string> RtnlKernel::ownLinks() const {
  std::set<std::string> own;
  for (const auto& name : mirror_.bridges()) {
    const Link* bridge = mirror_.link(name);
    if (bridge == nullptr || bridge->address != bridgeAddress(name)) continue;
    own.insert(name);
    own.merge(mirror_.observe(name).veths);
  }
  return own;
}
bool RtnlKernel::hasVeth(const std::string& host) const { return mirror_.veths().contains(host); }
std::vector<reconcile::HostAddress> RtnlKernel::addresses() const { return mirror_.addresses(); }

Result<Route> RtnlKernel::lookUp(const Request& request) {
  std::optional<Route> route;
  const auto answered = socket_.query(
      request, [&route](const nlmsghdr& message) { route = parseRouteReply(message); });
  if (!answered) return answered.error();
  if (!route) return invalid("the kernel's answer is not a route");
  return *route;
}

Result<reconcile::RouteLookup> RtnlKernel::routeTo(const Address& destination) {
  const auto route = lookUp(routeGet(destination));
  if (!route) return route.error().within("route get " + destination.toString());
  const Link* link = mirror_.link(route->ifIndex);
  return reconcile::RouteLookup{.ifIndex = route->ifIndex,
                                .dev = link == nullptr ? std::string{} : link->name,
                                .gateway = route->gateway,
                                .source = route->source};
}

Result<unsigned> RtnlKernel::reversePathFilter(int ifIndex) {
  std::optional<unsigned> mode;
  const auto answered = socket_.query(settingsGet(ifIndex), [&mode](const nlmsghdr& message) {
    mode = parseReversePathFilter(message);
  });
  if (!answered) return answered.error();
  if (!mode) return invalid("the kernel does not tell rp_filter");
  return *mode;
}

Result<void> RtnlKernel::relaxReversePathFilter(const std::string& dev) {
  const std::string context = "rp_filter of " + dev;
  catchUp();
  const Link* link = mirror_.link(dev);
  report(std::exchange(seen_, {}));
  if (link == nullptr) return notFound("no such link").within(context);
  const auto all = reversePathFilter(kAllLinks);
  if (!all) return all.error().within(context);
  const auto own = reversePathFilter(link->index);
  if (!own) return own.error().within(context);
  if (std::max(*all, *own) != kStrict) return {};
  const auto set = socket_.request(linkSetReversePathFilter(link->index, kLoose));
  if (!set) return set.error().within(context);
  return {};
}

Result<void> RtnlKernel::resync() {
  auto outcome = refresh();
  if (outcome) removeUnusedRules();
  report({});
  return outcome;
}

Result<void> RtnlKernel::dump(const Request& request, Mirror& mirror) {
  Changes ignored;
  Result<void> outcome;
  for (int attempt = 0; attempt < kDumpAttempts; ++attempt) {
    // What an interrupted dump listed and is gone by now, the monitor's messages take away again.
    outcome = socket_.dump(request, [&](const nlmsghdr& message) {
      if (const auto found = parse(message)) mirror.fold(*found, ignored);
    });
    if (outcome || outcome.error().kind != ErrorKind::Transient) break;
  }
  return outcome;
}

// A mirror made of the messages that came after a certain moment and of a dump begun after it is
// right once all those messages are folded: the last message about an object tells how it is.
Result<void> RtnlKernel::refresh() {
  stale_ = true;
  for (int attempt = 0; attempt < kRefreshAttempts; ++attempt) {
    auto drained = Result<Monitor::Drained>{Monitor::Drained::Overrun};
    while (drained && *drained == Monitor::Drained::Overrun) {
      drained = monitor_.drain(
          kNoLimit, [this](const Notification& change) { mirror_.fold(change, pending_); });
    }
    if (!drained) return drained.error();

    Mirror fresh;
    for (const Request& request :
         {linkDump(), addressDump(), neighDump(), nextHopDump(), routeDump(Family::V4),
          routeDump(Family::V6), ruleDump(Family::V4), ruleDump(Family::V6)}) {
      if (auto dumped = dump(request, fresh); !dumped) return dumped.error().within("netlink dump");
    }
    Changes meanwhile;
    drained = monitor_.drain(kNoLimit,
                             [&](const Notification& change) { fresh.fold(change, meanwhile); });
    if (!drained) return drained.error();
    pending_.unsure = false;
    if (*drained == Monitor::Drained::Overrun || meanwhile.unsure) {
      pending_.uplink = true;
      continue;
    }
    pending_.uplink = pending_.uplink || meanwhile.uplink;
    pending_.add(Mirror::difference(mirror_, fresh));
    mirror_ = std::move(fresh);
    stale_ = false;
    return {};
  }
  return transient("the kernel's state changes faster than it can be read");
}

void RtnlKernel::catchUp() {
  const auto drained =
      monitor_.drain(kNoLimit, [this](const Notification& change) { mirror_.fold(change, seen_); });
  const bool unsure = std::exchange(seen_.unsure, false);
  if (drained && *drained == Monitor::Drained::Everything && !unsure) return;
  pending_.uplink = true;
  // A failure leaves the mirror marked as stale: the next call or turn tries again.
  if (!refresh()) stale_ = true;
}

void RtnlKernel::watch() {
  const std::weak_ptr<int> alive = alive_;
  readable_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                       [this, alive](const boost::system::error_code& error) {
                         if (error || alive.expired()) return;
                         onReadable();
                         watch();
                       });
}

void RtnlKernel::onReadable() {
  const auto drained = monitor_.drain(
      kPerTurn, [this](const Notification& change) { mirror_.fold(change, pending_); });
  const bool whole = drained && *drained != Monitor::Drained::Overrun;
  if (!whole || stale_ || std::exchange(pending_.unsure, false)) {
    pending_.uplink = true;
    if (!refresh()) {
      const std::weak_ptr<int> alive = alive_;
      retry_.expires_after(kRetryAfter);
      retry_.async_wait([this, alive](const boost::system::error_code& error) {
        if (!error && !alive.expired()) onReadable();
      });
    }
  }
  deliver();
}

void RtnlKernel::report(Changes changes) {
  pending_.add(std::move(changes));
  if (pending_.empty() || posted_) return;
  posted_ = true;
  const std::weak_ptr<int> alive = alive_;
  boost::asio::post(io_, [this, alive] {
    if (alive.expired()) return;
    posted_ = false;
    deliver();
  });
}

void RtnlKernel::deliver() {
  if (pending_.empty()) return;
  Changes changes = std::exchange(pending_, {});
  if (onChange_) onChange_(std::move(changes.bridges), changes.uplink);
}

}  // namespace bgplb::netlink
