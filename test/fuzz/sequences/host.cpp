// The controller on the simulated host: its parts as App connects them, its steps, and the end.
#include "fuzz/sequences/host.hpp"
#include "fuzz/sequences/values.hpp"

#include "support/build.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bgplb::fuzz {

using namespace std::chrono_literals;
using test::ip;
using test::net;
using test::Violation;

namespace {

constexpr int kMostTurns = 2000;

core::Policy policy() {
  return {.flap = {},
          .drainGrace = 1s,
          .drainDelay = 5s,
          .drainOnSigusr2 = true,
          .allowedPrefixes = {net("10.0.0.0/8"), net("172.16.0.0/12"), net("192.168.0.0/16"),
                              net("2001:db8::/32")}};
}

}  // namespace

Host::Controller::Controller(Host& host)
    : kernel(io, [&host](const netlink::Changes& changes) { host.onKernelChange(changes); }),
      reconciler(kernel, kernel, host.routing_, host.firewall_, host.engine_, host.store_,
                 policy()),
      loop(io, reconciler),
      api(loop, kernel, false),
      dialogue(reconciler.facts(), reconciler.policy(),
               docker::DialogueOptions{.driverName = "bgplb", .pluginId = ""}) {
  reconciler.onWake([&host] { host.woken_ = true; });
}

Host::Host() {
  simulation() = {.kernel = &kernel_, .now = core::TimePoint{} + 100h};
  settings_.routerId = ip("192.168.8.40");
  settings_.peers = {core::Peer{.name = "router", .address = ip("192.168.8.137"), .as = 64500}};
  for (std::size_t i = 0; i < containers_.size(); ++i) {
    containers_[i].id = ContainerId(fmt::format("c{:015}", i));
  }
  kernel_.onRequest = [this](const KernelState& before, const nlmsghdr& request) {
    if (!controller_) return;
    properties_.checkRequest(before, kernel_.state(), request, controller_->reconciler, routing_);
  };
  routing_.objection = [this](const Prefix& prefix) -> std::string {
    if (Properties::isGateway(controller_->reconciler, prefix)) return "";
    const auto why = Properties::refusal(controller_->reconciler, prefix);
    if (!why.empty()) return "which " + why;
    for (const auto& [key, route] : kernel_.state().routes) {
      if (key.destination == prefix && route.maker == Maker::Controller) return "";
    }
    const bool known = !kernel_.isReadable() && !kernel_.refresh;
    return known ? "without a host route" : "";
  };
  startController();
  makeBystander();
}

Host::~Host() { simulation().kernel = nullptr; }

void Host::startController() {
  kernel_.onReadable = {};
  kernel_.refresh = {};
  controller_.reset();
  questions_.clear();
  controller_ = std::make_unique<Controller>(*this);
  if (const auto started = controller_->kernel.start(); !started) {
    throw Violation{"cannot start: " + started.error().message};
  }
  controller_->reconciler.resumeDrains(store_.drains);
  updatePeering();
  apply(controller_->dialogue.streamConnected(simulation().now));
}

void Host::onKernelChange(const netlink::Changes& changes) {
  auto& reconciler = controller_->reconciler;
  for (const auto& bridge : changes.bridges) reconciler.touchBridge(bridge);
  for (const auto& [veth, present] : changes.carriers) {
    reconciler.carrierChanged(veth, present, simulation().now);
  }
  if (changes.hostNetwork) updatePeering();
  woken_ = true;
}

void Host::updatePeering() {
  controller_->peering = peersFor(settings_, controller_->kernel, controller_->peering);
  controller_->reconciler.setHostNeeds(controller_->peering.needs);
}

// Runs the event loop until nothing is left to do at this time.
void Host::settle() {
  for (int turn = 0; turn < kMostTurns; ++turn) {
    woken_ = false;
    if (kernel_.onReadable) kernel_.onReadable();
    if (const auto refresh = std::exchange(kernel_.refresh, {})) refresh();
    controller_->io.restart();
    const bool polled = controller_->io.poll() > 0;
    auto& dialogue = controller_->dialogue;
    if (const auto due = dialogue.due(); due && *due <= simulation().now) {
      apply(dialogue.timePassed(simulation().now));
    }
    const auto due = controller_->reconciler.step(simulation().now);
    if (controller_->reconciler.facts().firstRoundOver) routing_.complete = true;
    const bool idle = !due || *due > simulation().now;
    if (idle && !woken_ && !polled && !kernel_.isReadable()) return;
  }
  throw Violation{"the controller never comes to rest"};
}

void Host::pass(std::chrono::milliseconds time) {
  const auto end = simulation().now + time;
  for (int turn = 0; turn < kMostTurns; ++turn) {
    settle();
    auto due = controller_->reconciler.step(simulation().now);
    if (const auto asked = controller_->dialogue.due(); asked && (!due || *asked < *due)) {
      due = asked;
    }
    if (!due || *due > end) {
      simulation().now = end;
      settle();
      return;
    }
    simulation().now = std::max(simulation().now + 1ms, *due);
  }
  throw Violation{"the controller's timer never stops"};
}

const char Host::kinds[] = "PNDEXJLWSHVGQFIRYMTOCkt";

void Host::run(const Step& step) {
  switch (step.kind) {
    case 'P': ipam(step); break;
    case 'N':
    case 'D':
    case 'E':
    case 'X':
    case 'J':
    case 'L': networkActs(step); break;
    case 'W': otherCall(step); break;
    case 'S':
    case 'H': containerActs(step); break;
    case 'V': toggleNetwork(step); break;
    case 'G': listAll(); break;
    case 'Q': answer(step.a % 3 != 0); break;
    case 'F': foreignLink(step); break;
    case 'I': foreignAddress(step); break;
    case 'R': foreignRoute(step); break;
    case 'Y': foreignRuleOrNextHop(step); break;
    case 'M': foreignNeighbor(step); break;
    case 'T': interfere(step); break;
    case 'O': kernelFails(step); break;
    case 'C':
      routing_.daemonRuns = step.a % 4 != 0;
      routing_.confirmAll();
      controller_->reconciler.touchUnconfirmed();
      break;
    case 'k':
      routing_.controllerRestarted();
      startController();
      break;
    case 't': {
      constexpr std::chrono::milliseconds kTimes[] = {50ms, 1s, 6s, 31s, 61s};
      pass(kTimes[step.a % std::size(kTimes)]);
      break;
    }
    default: break;
  }
  settle();
  for (const auto& id : std::exchange(engine_.terminated, {})) {
    for (std::size_t i = 0; i < containers_.size(); ++i) {
      if (containers_[i].id.value == id) end(i);
    }
  }
  settle();
  noteFaults(step);
  properties_.checkStep(kernel_.state(), controller_->reconciler, routing_, true);
  checkBystander();
}

// Failed actions are repeated within 30 s. Before the first lists, the controller does not know the
// network, so it can neither repair it nor announce it again.
void Host::noteFaults(const Step& step) {
  const bool listed = controller_->reconciler.facts().listed;
  const bool unknown = !listed && (step.kind == 'T' || !routing_.daemonRuns);
  if (step.kind == 'O' || unknown) disturbed_ = true;
  const bool longTime = step.kind == 't' && step.a % 5 >= 3;
  if (longTime && listed && kernel_.failIn == 0 && !kernel_.slowRemovals) disturbed_ = false;
}

// Everything pending is delivered, calls succeed, and time passes until leftovers are removed: two
// lists for an endpoint, and two more for its network.
void Host::rest() {
  kernel_.failIn = 0;
  kernel_.slowRemovals = false;
  kernel_.finishRemovals();
  routing_.daemonRuns = true;
  for (int list = 0; list < 5; ++list) {
    listAll();
    for (int i = 0; i < 2; ++i) {
      pass(31s);
      routing_.confirmAll();
      controller_->reconciler.touchUnconfirmed();
      settle();
    }
  }
  disturbed_ = false;
  properties_.checkStep(kernel_.state(), controller_->reconciler, routing_, true);
}

void Host::finish() {
  rest();
  checkBystander();
  checkAtRest();
  lifeOfAnotherNetwork();
  removeEverything();
  rest();
  Properties::checkNothingLeft(kernel_.state(), controller_->reconciler, routing_);
}

// Full lists and a dump change nothing, and no action is left to do, except those that the kernel
// refuses: another program has a route to the VIP, or a link of that name.
void Host::checkAtRest() {
  const auto requests = kernel_.requests;
  const auto changes = kernel_.changes;
  const auto wanted = routing_.wanted;
  listAll();
  pass(31s);
  const auto& networks = controller_->reconciler.facts().networks;
  const bool refused = std::any_of(networks.begin(), networks.end(), [this](const auto& entry) {
    return !controller_->reconciler.problem(entry.first, Prefix{}).empty();
  });
  const bool rests = refused ? kernel_.changes == changes : kernel_.requests == requests;
  if (!rests || routing_.wanted != wanted) {
    throw Violation{"not at rest:\n" + toText(kernel_.state())};
  }
}

void Host::removeEverything() {
  for (std::size_t i = 0; i < containers_.size(); ++i) {
    if (containers_[i].run != core::RunState::Stopped) end(i);
  }
  for (const auto& [id, endpoint] : std::map(endpoints_)) {
    if (endpoint.joined) leave(endpoint.network.value, id.value);
    deleteEndpoint(endpoint.network.value, id.value);
  }
  for (const auto& [id, network] : std::map(networks_)) {
    if (network.driver == "bgplb") deleteNetwork(id.value);
    networks_.erase(id);
    emitNetwork("destroy", id, network.driver);
  }
  // If a bridge has lost its MAC address, a restarted controller cannot prove that the bridge is
  // its own, and removes it only when dockerd calls DeleteNetwork.
  for (const auto& id : kNetworks) {
    const int bridge = kernel_.state().find(core::bridgeName(NetworkId(id)));
    if (bridge == 0) continue;
    const auto& link = kernel_.state().links.at(bridge);
    if (link.mac != core::bridgeAddress(link.name, core::Instance{})) deleteNetwork(id);
  }
}

}  // namespace bgplb::fuzz
