#include "docker/engine_dialogue.hpp"

#include "docker/container_event.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace bgplb::docker {

namespace {

// "bgplb" and "bgplb:latest" are the same plugin.
std::string withTag(const std::string& name) {
  const auto slash = name.rfind('/');
  const auto colon = name.find(':', slash == std::string::npos ? 0 : slash);
  return colon == std::string::npos ? name + ":latest" : name;
}

void atEarliest(std::optional<core::TimePoint>& time, std::optional<core::TimePoint> candidate) {
  if (candidate && (!time || *candidate < *time)) time = candidate;
}

}  // namespace

EngineDialogue::EngineDialogue(core::Facts& facts, const core::Policy& policy,
                               DialogueOptions options)
    : facts_(facts),
      policy_(policy),
      options_(std::move(options)),
      round_(queue_, options_.driverName.empty() ? options_.pluginId : ""),
      containers_(queue_, [](const ContainerId& id) { return InspectContainer{id}; }),
      networks_(queue_, [](const NetworkId& id) { return InspectNetwork{id}; }),
      swarm_(queue_) {}

// ---- the event stream

Reaction EngineDialogue::streamConnected(TimePoint now) {
  connected_ = true;
  listed_ = false;
  addLog(log::Level::Info, std::exchange(streamProblem_, false)
                               ? "resolved: docker: event stream connected"
                               : "docker: event stream connected");
  round_.begin();
  return finish(now);
}

Reaction EngineDialogue::streamLost(const Error& error, TimePoint now) {
  connected_ = false;
  round_.stop();
  if (!std::exchange(streamProblem_, true)) {
    addLog(log::Level::Warning,
           fmt::format("docker: event stream lost: {}; keeping current announcements, reconnecting",
                       error.message));
  }
  return finish(now);
}

Reaction EngineDialogue::event(const EngineEvent& event, TimePoint now) {
  if (event.timeNano > 0) replaySince_ = event.timeNano + 1;
  if (event.type == "container") containerEvent(event, now);
  if (event.type == "network") networkEvent(event);
  if (event.type == "service") swarm_.refresh();
  // A change caused by an event must not wait for the first inspections of other containers.
  if (!reaction_.touched.empty()) endFirstRound();
  return finish(now);
}

void EngineDialogue::containerEvent(const EngineEvent& event, TimePoint now) {
  const ContainerId id(event.id);
  if (event.action == "exec_die") return processEnded(event);
  if (isDoubtful(event)) {
    checks_.doubt(id, now);
    containers_.ask(id, Urgency::Event);
    return;
  }
  if (event.action.starts_with("health_status")) {
    checks_.decided(id);
    checks_.setBroken(id, false);
  }
  if (event.action == "die" || event.action == "destroy") checks_.forget(id);
  containers_.changed(id);
  touch(foldContainerEvent(facts_, policy_, event, now));
  if (event.action == "start") containers_.ask(id, Urgency::Event);
}

// dockerd does not report `unhealthy` a second time for a container whose check could not run
// before.
void EngineDialogue::processEnded(const EngineEvent& event) {
  const ContainerId id(event.id);
  if (!facts_.containers.contains(id)) return;
  const bool succeeded = event.attribute("exitCode") == "0";
  checks_.ended(id, succeeded);
  if (!succeeded && checks_.isBroken(id)) containers_.ask(id, Urgency::Event);
}

// An `unhealthy` that no failed check explains.
bool EngineDialogue::isDoubtful(const EngineEvent& event) const {
  if (event.action != "health_status: unhealthy") return false;
  const ContainerId id(event.id);
  const auto known = facts_.containers.find(id);
  return known != facts_.containers.end() && known->second.health == core::Health::Healthy &&
         checks_.lastSucceeded(id);
}

void EngineDialogue::networkEvent(const EngineEvent& event) {
  const NetworkId id(event.id);
  if (event.action == "create") {
    reaction_.firewall = true;
    core::networkChanged(facts_, id);
    networks_.ask(id, Urgency::Event);
  } else if (event.action == "destroy") {
    reaction_.firewall = true;
    networks_.changed(id);
    if (event.attribute("type") == "bridge") {
      touch(core::bridgeDestroyed(facts_, id));
      reaction_.bridges = true;
    } else {
      core::otherNetworkDestroyed(facts_, id);
    }
  } else if (event.action == "remove") {  // a cluster-wide network (Swarm)
    swarm_.dropNetwork(id);
    swarm_.refresh();
  } else if (event.action == "update") {
    // Swarm: the driver is known only after the leader has allocated the network; this event
    // signals it.
    networks_.ask(id, Urgency::Event);
  } else if (event.action == "connect" || event.action == "disconnect") {
    attachmentEvent(event);
  }
}

void EngineDialogue::attachmentEvent(const EngineEvent& event) {
  const ContainerId id(event.attribute("container"));
  const bool connected = event.action == "connect";
  const auto known = facts_.containers.find(id);
  const bool isKnown = known != facts_.containers.end();
  // dockerd holds the container's lock while it starts the container. The `start` event then
  // triggers the inspection.
  const bool running =
      isKnown && known->second.asked && known->second.run == core::RunState::Running;
  containers_.changed(id);
  if (!core::containerAttachmentsChanged(facts_, id, NetworkId(event.id), connected)) return;
  if (running || connected) containers_.ask(id, Urgency::Event);
}

// ---- time

Reaction EngineDialogue::timePassed(TimePoint now) {
  if (connected_) {
    round_.beginDue(now);
    containers_.retryDue(now);
    networks_.retryDue(now);
  }
  for (const auto& id : checks_.takeOverdue(now)) {
    touch(core::containerHealth(facts_, id, core::Health::Unhealthy, now));
  }
  if (firstRoundEndsAt_ && *firstRoundEndsAt_ <= now) endFirstRound();
  return finish(now);
}

std::optional<core::TimePoint> EngineDialogue::due() const {
  std::optional<TimePoint> first = queue_.due();
  atEarliest(first, checks_.due());
  if (!facts_.firstRoundOver) atEarliest(first, firstRoundEndsAt_);
  if (connected_) {  // the next connection starts with a new list round
    atEarliest(first, round_.due());
    atEarliest(first, containers_.due());
    atEarliest(first, networks_.due());
  }
  return first;
}

// ---- the reaction

void EngineDialogue::touch(const core::Touched& touched) {
  reaction_.touched.insert(touched.begin(), touched.end());
}

void EngineDialogue::endFirstRound() {
  if (!facts_.listed || facts_.firstRoundOver) return;
  core::firstRoundEnded(facts_);
  firstRound_.clear();
}

bool EngineDialogue::isOurs(const core::NetworkReport& report) const {
  return facts_.networks.contains(report.id) ||
         (!options_.driverName.empty() && withTag(report.driver) == withTag(options_.driverName));
}

void EngineDialogue::addLog(log::Level level, std::string text) {
  reaction_.log.push_back({level, std::move(text)});
}

Reaction EngineDialogue::finish(TimePoint now) {
  const auto notes = swarm_.takeChanges();
  for (const auto& note : notes.added) addLog(log::Level::Warning, "swarm: " + note);
  for (const auto& note : notes.resolved) addLog(log::Level::Info, "resolved: swarm: " + note);
  reaction_.calls = queue_.start(now);
  for (const auto& call : reaction_.calls) {
    round_.sent(call, facts_.revision);
    if (const auto* container = std::get_if<InspectContainer>(&call.question)) {
      containers_.sent(container->id, facts_.revision);
    } else if (const auto* network = std::get_if<InspectNetwork>(&call.question)) {
      networks_.sent(network->id, facts_.revision);
    }
  }
  return std::exchange(reaction_, {});
}

}  // namespace bgplb::docker
