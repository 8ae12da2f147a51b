#include "app.hpp"

#include "base/heartbeat.hpp"
#include "docker/plugin_http.hpp"
#include "host.hpp"
#include "io/pidfd.hpp"
#include "io/spawn.hpp"
#include "status_page.hpp"

#include <csignal>
#include <filesystem>

namespace asio = boost::asio;

namespace bgplb {

namespace {

// PID 1 waits 8 s for the controller to end (init/init.cpp) and then sends SIGTERM to BIRD, which
// makes the peers remove every route. The whole stop, including the ping, must therefore take less.
constexpr std::chrono::seconds kStopTimeout{6};
constexpr std::chrono::seconds kLastPing{2};
constexpr std::chrono::seconds kStatusPing{1};
constexpr std::chrono::milliseconds kLastSave{500};

constexpr const char* kNoAllowedPrefixes =
    "ALLOWED_PREFIXES is not set: everybody who may create Docker networks can announce any "
    "address that this host does not need itself";

docker::DialogueOptions dialogueOptions(const RunOptions& options) {
  docker::DialogueOptions sync;
  sync.pluginId = options.driverName.empty() ? ownPluginId() : "";
  sync.driverName = options.driverName;
  if (sync.pluginId.empty() && sync.driverName.empty()) {
    sync.driverName = driverNameOfSocket(options.socket);
  }
  return sync;
}

std::set<Address> addressesOf(const std::vector<core::Peer>& peers) {
  std::set<Address> addresses;
  for (const auto& peer : peers) addresses.insert(peer.address);
  return addresses;
}

core::Policy policyOf(const settings::Settings& settings) {
  return {.flap = settings.flapPolicy,
          .drainGrace = settings.drainGrace,
          .drainDelay = settings.drainDelay,
          .drainOnSigusr2 = settings.sigusr2Handler,
          .terminateDrained = settings.sigusr2Stop,
          .hashPorts = settings.hashPorts,
          .allowedPrefixes = settings.allowedPrefixes};
}

firewall::Listener listenerOf(const core::RoutingConfig& config, bool peersConnect) {
  firewall::Listener listener{.port = config.listenPort};
  for (const auto& peer : config.peers) {
    if (peersConnect) listener.peers.insert(peer.address);
    if (peer.source) {
      listener.addresses.insert(*peer.source);
    } else {
      listener.wildcards.insert(peer.address.family());
    }
  }
  return listener;
}

}  // namespace

App::App(asio::io_context& io, const settings::Settings& settings, const RunOptions& options)
    : io_(io),
      settings_(settings),
      options_(options),
      signals_(io, SIGTERM, SIGINT),
      heartbeat_(io),
      kernel_(io, [this](const netlink::Changes& changes) { onKernelChange(changes); },
              {.instance = settings.instance, .peers = addressesOf(settings.peers)}),
      routing_(io, {options.birdBinary, options.runDir, options.templates + "/bird.conf.mustache",
                    options.stateDir + "/sessions"}),
      firewall_(
          io, [this] { reconciler_.setPinned(firewall_.status().marks); },
          firewall::Iptables::kToolDeadline, settings.instance),
      engine_(io, options.engineSocket),
      drains_(io.get_executor(), options.stateDir + "/drains.json"),
      reconciler_(kernel_, kernel_, routing_, firewall_, engine_, drains_, policyOf(settings)),
      loop_(io, reconciler_),
      sync_(io, engine_, loop_, dialogueOptions(options)),
      api_(loop_, kernel_, settings.globalScope),
      server_(
          io, [this](http::Request request) { return answer(std::move(request)); },
          docker::pluginError) {
  firewall_.guard([this] { return guardedTraffic(); });
  firewall_.clampMss([this] { return segmentLimits(); });
  operator_.on("GET", "/status", [this](const http::Request&) { return answerStatus(); });
}

int App::run() {
  std::signal(SIGPIPE, SIG_IGN);
  if (const auto started = start(); !started) {
    log::error("cannot start: {}", started.error().message);
    // Until the host boots another kernel, further attempts would only fill the log.
    if (isKind(started, ErrorKind::Unsupported)) return idleAfterProblems();
    return heartbeat::kCannotStartYet;
  }
  heartbeat_.start();
  signals_.async_wait([this](const boost::system::error_code& error, int) {
    if (!error) io::spawn(io_.get_executor(), shutdown(), "shutdown");
  });
  io_.run();
  return 0;
}

// Open the socket early: dockerd waits for it at boot, and plugin calls do not need the components
// that start later.
Result<void> App::start() {
  if (const auto pidfd = io::checkPidfd(); !pidfd) return pidfd.error();
  if (const auto kernel = kernel_.start(); !kernel) {
    return isKind(kernel, ErrorKind::Unsupported) ? kernel.error()
                                                  : kernel.error().within("netlink");
  }
  if (const auto listening = server_.listen(options_.socket); !listening) return listening.error();
  routing_.onConfirmed([this] {
    reconciler_.touchUnconfirmed();
    loop_.wake();
  });
  loop_.onStep([this] { onStep(); });
  std::error_code ignored;  // the first write to the folder reports the problem
  std::filesystem::create_directories(options_.stateDir, ignored);
  if (auto drains = drains_.load()) {
    reconciler_.resumeDrains(std::move(*drains));
  } else {
    log::error("{}; continuing without it", drains.error().message);
  }
  updatePeering();
  routing_.start();
  sync_.start();
  loop_.wake();
  if (settings_.allowedPrefixes.empty()) log::info("{}", kNoAllowedPrefixes);
  log::info("started: {} peers, router id {}", settings_.peers.size(),
            settings_.routerId.toString());
  return {};
}

void App::onKernelChange(const netlink::Changes& changes) {
  const auto now = std::chrono::steady_clock::now();
  for (const auto& bridge : changes.bridges) reconciler_.touchBridge(bridge);
  for (const auto& [veth, present] : changes.carriers) {
    reconciler_.carrierChanged(veth, present, now);
  }
  if (changes.hostNetwork) updatePeering();
  loop_.wake();
}

void App::updatePeering() {
  const auto former = std::exchange(peering_, peersFor(settings_, kernel_, peering_));
  if (former.links != peering_.links) reconciler_.touchFirewall();
  reconciler_.setHostNeeds(peering_.needs);
  updateNotes();
  auto config = routingConfig(settings_, peering_.peers);
  if (routingConfig_ == config) return;
  if (const auto taken = routing_.setModel(config); !taken) {
    if (routingProblem_ != taken.error().message) {
      routingProblem_ = taken.error().message;
      log::error("BIRD's configuration: {}", routingProblem_);
    }
    return;
  }
  routingProblem_.clear();
  firewall_.guardListener(listenerOf(config, settings_.routerPort.has_value()));
  routingConfig_ = std::move(config);
}

void App::updateNotes() {
  auto notes = problemsOf(peering_, vipFamilies_);
  for (const auto& note : notes) {
    if (notes_.count(note) == 0) log::warning("{}", note);
  }
  for (const auto& note : notes_) {
    if (notes.count(note) == 0) log::info("resolved: {}", note);
  }
  notes_ = std::move(notes);
}

firewall::GuardedTraffic App::guardedTraffic() const {
  firewall::GuardedTraffic traffic{.vips = {}, .links = peering_.links, .foreignVips = {}};
  for (const auto& [id, network] : reconciler_.facts().networks) {
    for (const auto& vip : network.vips()) traffic.vips.insert(vip.address());
  }
  for (const auto& [id, network] : reconciler_.facts().others) {
    for (const auto& subnet : network.subnets) {
      if (subnet.isHost()) traffic.foreignVips.insert(subnet.address());
    }
  }
  return traffic;
}

firewall::SegmentLimits App::segmentLimits() const {
  firewall::SegmentLimits limits;
  for (const auto& [id, network] : reconciler_.facts().networks) {
    const auto mss = network.options.mss ? network.options.mss : settings_.vipMss;
    if (!mss) continue;
    for (const auto& vip : network.vips()) limits.emplace(vip.address(), *mss);
  }
  return limits;
}

void App::onStep() {
  const auto& facts = reconciler_.facts();
  if (facts.firstRoundOver && !std::exchange(routesComplete_, true)) {
    routing_.routesComplete();
    heartbeat_.setInCharge();
  }
  if (const auto families = vipFamilies(facts); families != vipFamilies_) {
    vipFamilies_ = families;
    updateNotes();
  }
  if (facts.networks.size() == networksChecked_) return;
  if (facts.networks.size() > networksChecked_) checkForwarding();
  networksChecked_ = facts.networks.size();
}

void App::checkForwarding() {
  for (const auto& problem : forwardingProblems(vipFamilies_.ipv4, vipFamilies_.ipv6)) {
    if (forwardingProblems_.insert(problem).second) log::warning("{}", problem);
  }
}

Task<http::Answer> App::answer(http::Request request) {
  if (docker::isPluginCall(request.path)) co_return docker::answerPluginCall(api_, request);
  co_return co_await operator_.answer(std::move(request));
}

Task<http::Answer> App::answerStatus() {
  auto bird = co_await routing_.status();
  bool following = sync_.following();
  if (following) {  // the event stream of a dockerd that hangs stays open
    const auto answering = co_await engine_.ping(kStatusPing);
    following = answering.has_value();
  }
  std::vector<std::string> notes(notes_.begin(), notes_.end());
  if (settings_.allowedPrefixes.empty()) notes.emplace_back(kNoAllowedPrefixes);
  if (auto problem = firewall_.mssProblem(); !problem.empty()) notes.push_back(std::move(problem));
  for (const auto& note : sync_.swarmNotes()) notes.push_back("swarm: " + note);
  if (auto shared = reconciler_.sharedInstance(); !shared.empty()) {
    notes.push_back(std::move(shared));
  }
  StatusInputs inputs{reconciler_,     kernel_,   firewall_.status(),
                      std::move(bird), following, sync_.driverName(),
                      std::move(notes)};
  auto body = co_await renderStatus(std::move(inputs));
  if (!body) co_return ops::errorAnswer(503, body.error().message);
  co_return http::Answer{200, ops::kJson, std::move(*body), {}};
}

// Use graceful restart if the plugin is disabled or upgraded, because it will start again. Withdraw
// if the host shuts down, because its containers stop too. dockerd closes its API before it stops
// the plugins, so an unanswered ping indicates a shutdown.
Task<bird::StopMode> App::stopMode() {
  if (settings_.withdrawAtStop || !settings_.gracefulRestart) co_return bird::StopMode::Withdraw;
  if (const auto answering = co_await engine_.ping(kLastPing); !answering) {
    log::info("stopping: dockerd does not answer, so the host is shutting down");
    co_return bird::StopMode::Withdraw;
  }
  co_return bird::StopMode::GracefulRestart;
}

Task<> App::shutdown() {
  const auto end = std::chrono::steady_clock::now() + kStopTimeout;
  server_.close();
  const auto mode = co_await stopMode();
  if (mode == bird::StopMode::Withdraw) {
    log::info("stopping: withdrawing every route");
  } else {
    log::info("stopping: routers keep the routes for {} s", settings_.gracefulRestartTime.count());
  }
  co_await routing_.stop(mode, end);
  reconciler_.saveDrains(std::chrono::steady_clock::now());
  co_await drains_.saved(std::chrono::steady_clock::now() + kLastSave);
  io_.stop();
}

int idleAfterProblems() {
  std::signal(SIGPIPE, SIG_IGN);
  asio::io_context io(1);
  io::Heartbeat heartbeat(io);
  heartbeat.start();
  asio::signal_set signals(io, SIGTERM, SIGINT);
  signals.async_wait([&io](const boost::system::error_code&, int) { io.stop(); });
  io.run();
  return 1;
}

}  // namespace bgplb
