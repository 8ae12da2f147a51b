#include "netlink/rtnl_kernel.hpp"

#include "base/overloaded.hpp"
#include "io/spawn.hpp"
#include "netlink/host_settings.hpp"
#include "netlink/neighbor_primer.hpp"
#include "netlink/requests.hpp"

#include <boost/asio/post.hpp>

#include <type_traits>
#include <utility>
#include <variant>

namespace bgplb::netlink {

namespace {

constexpr int kRespreadPerTurn = 50;  // bridges, each with at most two groups

// The bridge whose network an action changes. For the removal of a veth, the bridge that the veth
// is a port of.
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

template <typename Actions, typename Action>
concept Takes = requires(Actions actions, const Action& action) {
  actions.apply(action);
};

}  // namespace

RtnlKernel::RtnlKernel(boost::asio::io_context& io, OnChange onChange, RtnlOptions options)
    : io_(io),
      mirror_(io, options.instance, std::move(onChange), options.receiveBuffer,
              std::move(options.peers)),
      links_(socket_, mirror_, remover_),
      routes_(socket_, mirror_) {
  mirror_.onRefreshed([this] {
    routes_.removeUnusedRules();
    // The kernel reports changes of this sysctl only in a dump.
    for (const auto& bridge : ownBridges()) {
      links_.refuseRouterAdvertisements(*mirror_.state().link(bridge));
    }
  });
}

Result<void> RtnlKernel::start() {
  if (auto opened = socket_.open(); !opened) return opened;
  return mirror_.start();
}

Result<void> RtnlKernel::apply(const core::Action& action) {
  mirror_.catchUp();
  const std::string bridge = bridgeOf(action, mirror_.state());
  mirror_.beginAction(bridge);
  const auto outcome = std::visit(
      [this](const auto& step) {
        if constexpr (Takes<LinkActions, std::decay_t<decltype(step)>>) {
          return links_.apply(step);
        } else {
          return routes_.apply(step);
        }
      },
      action);
  mirror_.endAction(bridge, outcome ? &action : nullptr);
  if (outcome) return {};
  // The kernel refused a request that is valid according to the mirror, so the mirror may be wrong,
  // most likely about next hops. These are verified first, because a complete dump can take long to
  // succeed on a busy host.
  if (outcome.error().kind == ErrorKind::Invalid) {
    mirror_.verifyNextHops(bridge);
    mirror_.refreshSoon();
  }
  return outcome.error().within(core::toText(action));
}

core::KernelNetwork RtnlKernel::observe(const std::string& bridge) const {
  return mirror_.state().observe(bridge);
}

// Another program may use our prefix for a bridge of its own.
std::set<std::string> RtnlKernel::ownBridges() const {
  std::set<std::string> own = mirror_.state().bridges();
  const core::Instance instance = mirror_.state().instance();
  std::erase_if(own, [&](const std::string& name) {
    return core::instanceOf(name, mirror_.state().link(name)->address) != instance;
  });
  return own;
}

std::set<std::string> RtnlKernel::ownLinks() const {
  const std::set<std::string> bridges = ownBridges();
  std::set<std::string> own = bridges;
  for (const auto& bridge : bridges) own.merge(mirror_.state().vethsOn(bridge));
  return own;
}

bool RtnlKernel::hasVeth(const std::string& host) const {
  return mirror_.state().veths().contains(host);
}

bool RtnlKernel::supports(Family family) const {
  return family == Family::V4 || mirror_.state().hasIpv6();
}

void RtnlKernel::setPinned(bool pinned) {
  if (routes_.isPinned() == pinned) return;
  routes_.setPinned(pinned);
  toRespread_ = mirror_.state().bridges();
  if (std::exchange(respreading_, true)) return;
  io::spawn(io_.get_executor(), respreadGroups(), "netlink groups");
}

Task<> RtnlKernel::respreadGroups() {
  while (!toRespread_.empty()) {
    for (int count = 0; count < kRespreadPerTurn && !toRespread_.empty(); ++count) {
      routes_.respread(toRespread_.extract(toRespread_.begin()).value());
    }
    co_await boost::asio::post(io_, boost::asio::use_awaitable);
  }
  respreading_ = false;
}

void RtnlKernel::resync() { mirror_.resync(); }

std::vector<reconcile::HostAddress> RtnlKernel::addresses() const {
  return mirror_.state().addresses();
}

Result<reconcile::RouteLookup> RtnlKernel::routeTo(const Address& destination) {
  const auto route = socket_.queryRoute(routeGet(destination));
  if (!route) return route.error().within("route get " + destination.toString());
  const Link* link = mirror_.state().link(route->ifIndex);
  return reconcile::RouteLookup{.ifIndex = route->ifIndex,
                                .dev = link == nullptr ? std::string{} : link->name,
                                .gateway = route->gateway,
                                .source = route->source};
}

Result<bool> RtnlKernel::relaxReversePathFilter(const std::string& dev) {
  const std::string context = "rp_filter of " + dev;
  mirror_.catchUp();
  const Link* link = mirror_.state().link(dev);
  if (link == nullptr) return notFound("no such link").within(context);
  auto relaxed = netlink::relaxReversePathFilter(socket_, *link);
  if (!relaxed) return relaxed.error().within(context);
  return relaxed;
}

Result<unsigned> RtnlKernel::containerReversePathFilter(const std::string& veth) {
  const Link* link = mirror_.state().link(veth);
  if (link == nullptr || !isOurVeth(*link)) return notFound(veth + " is not one of our links");
  return netlink::containerReversePathFilter(socket_, *link);
}

Result<void> RtnlKernel::hashFlows(Family family) { return netlink::hashFlows(family); }

Result<void> RtnlKernel::primeNeighbor(const Address& neighbor) {
  return netlink::primeNeighbor(neighbor);
}

}  // namespace bgplb::netlink
