#include "docker/engine_sync.hpp"

#include "base/log.hpp"
#include "core/greeting.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <fmt/format.h>

#include <charconv>

namespace asio = boost::asio;

namespace bgplb::docker {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kFirstReconnect{100};
constexpr std::chrono::milliseconds kLongestReconnect{2000};
constexpr std::chrono::milliseconds kAskAgain{200};
constexpr std::chrono::milliseconds kSecondResync{60'000};
constexpr int kAskAttempts = 20;
constexpr int kSigUsr2 = 12;

// With health_status among them Docker matches every value as a prefix; exec_* events, which each
// run of a health check makes, stay out.
constexpr const char* kFilters =
    R"({"type":["container","network","service"],"event":["start","die","destroy","rename","kill",)"
    R"("pause","unpause","health_status","create","connect","disconnect","update","remove"]})";
// Containers that may have a process.
constexpr const char* kRunningFilter = R"({"status":["running","paused","restarting"]})";

std::string secondsSinceEpoch() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(now);
  const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(now - whole);
  return fmt::format("{}.{:09d}", whole.count(), rest.count());
}

std::string attribute(const EngineEvent& event, const std::string& name) {
  const auto found = event.attributes.find(name);
  return found == event.attributes.end() ? "" : found->second;
}

// "bgplb" and "bgplb:latest" are the same plugin.
std::string withTag(const std::string& name) {
  const auto slash = name.rfind('/');
  const auto colon = name.find(':', slash == std::string::npos ? 0 : slash);
  return colon == std::string::npos ? name + ":latest" : name;
}

}  // namespace

EngineSync::EngineSync(asio::io_context& io, EngineClient& engine, reconcile::Loop& loop,
                       SyncOptions options)
    : io_(io),
      engine_(engine),
      loop_(loop),
      options_(std::move(options)),
      swarm_(engine_),
      resyncTimer_(io_) {}

void EngineSync::start() {
  asio::co_spawn(io_, followForever(), asio::detached);
  asio::co_spawn(io_, resyncForever(), asio::detached);
}

Task<> EngineSync::followForever() {
  asio::steady_timer pause(io_);
  auto wait = kFirstReconnect;
  while (true) {
    const std::string since = secondsSinceEpoch();
    const auto answering = co_await engine_.ping();
    Error ended = answering ? unavailable("") : answering.error();
    if (answering) {
      wait = kFirstReconnect;
      if (options_.driverName.empty()) co_await learnDriverName();
      std::string filters = kFilters;
      auto handler = std::function<void(std::string_view)>([this](std::string_view line) {
        onLine(line);
      });
      ended = co_await engine_.follow(std::move(filters), since, std::move(handler));
    }
    following_ = false;
    if (!std::exchange(complained_, true)) {
      log::warning("{}; nothing is withdrawn for that, trying again", ended.message);
    }
    pause.expires_after(wait);
    wait = std::min(wait * 2, kLongestReconnect);
    co_await pause.async_wait(asTuple);
  }
}

Task<> EngineSync::learnDriverName() {
  if (options_.pluginId.empty()) co_return;
  std::string path = fmt::format("/plugins/{}/json", options_.pluginId);
  const auto answer = co_await engine_.get(std::move(path));
  if (!answer) co_return;
  if (auto name = parsePluginName(*answer)) {
    options_.driverName = std::move(*name);
    log::info("this plugin is {}", options_.driverName);
  }
}

// The second list comes soon: what a former run left is known by two.
Task<> EngineSync::resyncForever() {
  auto wait = kSecondResync;
  while (true) {
    resyncTimer_.expires_after(std::exchange(wait, options_.resyncEvery));
    co_await resyncTimer_.async_wait(asTuple);
    if (following_) co_await resync();
  }
}

// The subscription stands before the lists are read, and began before: what the lists miss comes as
// an event.
Task<> EngineSync::resync() {
  const auto lists = co_await resyncLists();
  if (!lists) {
    if (!std::exchange(complained_, true)) log::warning("{}; trying again", lists.error().message);
    resyncTimer_.expires_after(kLongestReconnect);  // wakes resyncForever
    co_return;
  }
  if (std::exchange(complained_, false)) log::info("the engine answers again");
  loop_.reconciler().touchAll(Clock::now());
  loop_.wake();
  co_await swarm_.look();
}

Task<Result<void>> EngineSync::resyncLists() {
  const auto networks = co_await engine_.get("/networks");
  if (!networks) co_return networks.error();
  const auto reports = parseNetworkList(*networks);
  if (!reports) co_return reports.error();
  const auto whenAsked = core::eventCounts(facts());
  std::string path = fmt::format("/containers/json?filters={}", urlEncode(kRunningFilter));
  const auto containers = co_await engine_.get(std::move(path));
  if (!containers) co_return containers.error();
  const auto listed = parseContainerList(*containers);
  if (!listed) co_return listed.error();
  takeNetworks(*reports, *listed);
  std::set<ContainerId> running;
  for (const auto& container : *listed) {
    running.insert(container.id);
    const bool ours = std::any_of(
        container.networks.begin(), container.networks.end(),
        [this](const NetworkId& network) { return facts().networks.count(network) > 0; });
    if (ours) co_await askContainer(container.id);
  }
  loop_.reconciler().touch(core::containersListed(facts(), running, whenAsked, Clock::now()));
  loop_.wake();
  co_return Result<void>{};
}

void EngineSync::takeNetworks(const std::vector<core::NetworkReport>& reports,
                              const std::vector<ListedContainer>& containers) {
  std::set<NetworkId> ours;
  std::vector<core::NetworkReport> ourReports;
  for (const auto& report : reports) {
    if (!isOurs(report)) continue;
    ours.insert(report.id);
    ourReports.push_back(report);
  }
  swarm_.takeNetworks(ourReports);
  std::set<NetworkId> inUse;
  for (const auto& container : containers) {
    inUse.insert(container.networks.begin(), container.networks.end());
  }
  loop_.reconciler().touch(core::networksReported(facts(), reports, ours, inUse));
  loop_.reconciler().touchBridges();
}

// Asks until the answer is not older than the last event of the container.
Task<> EngineSync::askContainer(ContainerId id) {
  if (!asking_.insert(id).second) co_return;
  asio::steady_timer pause(io_);
  for (int attempt = 0; attempt < kAskAttempts; ++attempt) {
    const auto known = facts().containers.find(id);
    const auto before = known == facts().containers.end() ? 0 : known->second.events;
    std::string path = fmt::format("/containers/{}/json", id.value);
    const auto answer = co_await engine_.get(std::move(path));
    if (!answer && answer.error().kind == ErrorKind::NotFound) {
      loop_.reconciler().touch(core::containerDestroyed(facts(), id));
      break;
    }
    const auto report =
        answer ? parseContainerInspect(*answer) : Result<core::ContainerReport>(answer.error());
    const auto still = facts().containers.find(id);
    const auto after = still == facts().containers.end() ? 0 : still->second.events;
    if (report && before == after) {
      const bool justStarted = still != facts().containers.end() && still->second.startedAt.empty();
      loop_.reconciler().touch(core::containerReported(facts(), *report, Clock::now()));
      loop_.reconciler().touchBridgesOf(id);
      if (justStarted) asio::co_spawn(io_, greet(*report), asio::detached);
      break;
    }
    if (report) continue;
    pause.expires_after(kAskAgain);
    co_await pause.async_wait(asTuple);
  }
  asking_.erase(id);
  loop_.wake();
}

Task<> EngineSync::greet(core::ContainerReport started) {
  const auto greeting = core::greetingFor(facts(), started);
  for (const auto& address : greeting.addresses) loop_.reconciler().greet(address);
  if (!greeting.unnamed) co_return;
  std::string path = fmt::format("/networks/{}", greeting.unnamed->value);
  const auto answer = co_await engine_.get(std::move(path));
  if (!answer) co_return;
  const auto address = parseMemberAddress6(*answer, started.id);
  if (address) loop_.reconciler().greet(*address);
}

Task<> EngineSync::askNetwork(NetworkId id) {
  std::string path = fmt::format("/networks/{}", id.value);
  const auto answer = co_await engine_.get(std::move(path));
  if (!answer) co_return;
  const auto report = parseNetworkInspect(*answer);
  if (!report) co_return;
  const bool ours = isOurs(*report);
  loop_.reconciler().touch(core::networkReported(facts(), *report, ours));
  if (!ours) loop_.reconciler().touchBridges();
  loop_.wake();
  if (!ours || !report->clusterWide) co_return;
  swarm_.takeNetwork(*report);
  co_await swarm_.look();
}

bool EngineSync::isOurs(const core::NetworkReport& report) const {
  const auto& facts = loop_.reconciler().facts();
  return facts.networks.count(report.id) > 0 ||
         (!options_.driverName.empty() && withTag(report.driver) == withTag(options_.driverName));
}

void EngineSync::onLine(std::string_view line) {
  if (line.empty()) {  // the subscription stands
    following_ = true;
    asio::co_spawn(io_, resync(), asio::detached);
    return;
  }
  const auto event = parseEvent(line);
  if (!event) {
    log::warning("the engine's event: {}, ignoring", event.error().message);
    return;
  }
  log::debug("event {} {} {}", event->type, event->action, event->id);
  if (event->type == "container") onContainerEvent(*event);
  if (event->type == "network") onNetworkEvent(*event);
  if (event->type == "service") asio::co_spawn(io_, swarm_.look(), asio::detached);
}

void EngineSync::onContainerEvent(const EngineEvent& event) {
  const ContainerId id(event.id);
  auto& reconciler = loop_.reconciler();
  const auto now = Clock::now();
  if (event.action == "start") {
    reconciler.touch(core::containerStarted(facts(), id, now));
    asio::co_spawn(io_, askContainer(id), asio::detached);
  } else if (event.action == "die") {
    reconciler.touch(core::containerDied(facts(), id, now));
  } else if (event.action == "destroy") {
    reconciler.touch(core::containerDestroyed(facts(), id));
  } else if (event.action == "pause" || event.action == "unpause") {
    reconciler.touch(core::containerPaused(facts(), id, event.action == "pause", now));
  } else if (event.action == "health_status: healthy") {
    reconciler.touch(core::containerHealth(facts(), id, core::Health::Healthy, now));
  } else if (event.action == "health_status: unhealthy") {
    reconciler.touch(core::containerHealth(facts(), id, core::Health::Unhealthy, now));
  } else if (event.action == "rename") {
    const auto found = facts().containers.find(id);
    if (found != facts().containers.end()) found->second.name = attribute(event, "name");
  } else if (event.action == "kill") {
    const int signal = parseSignal(attribute(event, "signal"));
    if (signal == kSigUsr2 && options_.drainOnSigusr2) {
      const core::Drain drain{.terminateAt = now + options_.drainDelay,
                              .terminate = options_.terminateDrained};
      reconciler.beginDrain(id, drain);
    } else {
      reconciler.touch(core::containerSignalled(facts(), id, signal, now));
    }
  } else {
    return;
  }
  loop_.wake();
}

void EngineSync::onNetworkEvent(const EngineEvent& event) {
  const NetworkId id(event.id);
  auto& reconciler = loop_.reconciler();
  const bool bridge = attribute(event, "type") == "bridge";
  if (event.action == "create" || event.action == "destroy") {
    reconciler.touchFirewall();  // Docker rearranged its chains
    if (event.action == "create") asio::co_spawn(io_, askNetwork(id), asio::detached);
    if (event.action == "destroy" && bridge) {
      reconciler.touch(core::bridgeDestroyed(facts(), id));
      reconciler.touchBridges();
    }
  } else if (event.action == "remove") {  // of Swarm
    swarm_.dropNetwork(id);
    asio::co_spawn(io_, swarm_.look(), asio::detached);
  } else if (event.action == "update") {
    // Of Swarm: it has its driver only when the leader has allocated it, which is told so.
    asio::co_spawn(io_, askNetwork(id), asio::detached);
  } else if (event.action == "connect" || event.action == "disconnect") {
    const ContainerId container(attribute(event, "container"));
    const bool known = facts().containers.count(container) > 0;
    const bool ours = facts().networks.count(id) > 0;
    if (container.empty() || !(known || ours)) return;
    core::containerAttachmentsChanged(facts(), container);
    // During a start dockerd holds the container's lock; its `start` event will ask.
    const auto found = facts().containers.find(container);
    const bool running = known && found->second.asked && found->second.run == core::RunState::Running;
    if (running || event.action == "connect") {
      asio::co_spawn(io_, askContainer(container), asio::detached);
    }
  } else {
    return;
  }
  loop_.wake();
}

}  // namespace bgplb::docker
