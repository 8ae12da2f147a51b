// What EngineDialogue concludes from dockerd's answers: the lists, and the inspections of
// containers and networks.
#include "docker/engine_dialogue.hpp"

#include "base/printable.hpp"
#include "core/answering.hpp"
#include "core/neighbors_to_prime.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace bgplb::docker {

namespace {

Result<void> outcomeOf(const Result<Answer>& answer) {
  return answer ? Result<void>{} : Result<void>(answer.error());
}

}  // namespace

Reaction EngineDialogue::answered(std::uint64_t call, const Result<Answer>& answer, TimePoint now) {
  const auto question = queue_.end(call);
  if (!question) return finish(now);
  if (const auto* container = std::get_if<InspectContainer>(&*question)) {
    containerAnswered(container->id, answer, now);
  } else if (const auto* network = std::get_if<InspectNetwork>(&*question)) {
    networkAnswered(network->id, answer, now);
  } else if (std::holds_alternative<FindMember>(*question)) {
    if (answer) reaction_.neighbors.push_back(std::get<Address>(*answer));
  } else if (std::holds_alternative<ListServices>(*question)) {
    using Services = std::vector<core::ServiceReport>;
    swarm_.answered(answer ? Result<Services>(std::get<Services>(*answer))
                           : Result<Services>(answer.error()));
  } else if (round_.answered(call)) {
    roundAnswered(*question, answer, now);
  }
  return finish(now);
}

void EngineDialogue::roundAnswered(const Question& question, const Result<Answer>& answer,
                                   TimePoint now) {
  const bool plugin = std::holds_alternative<InspectPlugin>(question);
  // dockerd does not know the plugin: its networks are recognised only when dockerd makes a plugin
  // call for them.
  const bool unnamed = plugin && !answer && answer.error().kind == ErrorKind::NotFound;
  if (!answer && !unnamed) {
    round_.failed(now);
    if (std::exchange(listProblem_, true)) return;
    addLog(log::Level::Warning,
           fmt::format("docker: cannot list networks and containers: {}; keeping "
                       "current announcements, retrying",
                       answer.error().message));
  } else if (plugin) {
    pluginAnswered(answer);
  } else if (std::holds_alternative<ListNetworks>(question)) {
    round_.networksListed(std::get<std::vector<core::NetworkReport>>(*answer));
  } else {
    takeLists(std::get<std::vector<core::ListedContainer>>(*answer), now);
  }
}

void EngineDialogue::pluginAnswered(const Result<Answer>& answer) {
  round_.pluginNamed();
  if (!answer) {
    addLog(log::Level::Warning,
           fmt::format("docker: the name of this plugin is unknown: {}", answer.error().message));
    return;
  }
  options_.driverName = std::get<std::string>(*answer);
  addLog(log::Level::Info, fmt::format("docker: this plugin is {}", options_.driverName));
}

void EngineDialogue::takeLists(const std::vector<core::ListedContainer>& containers,
                               TimePoint now) {
  std::set<NetworkId> ours;
  std::vector<core::NetworkReport> ourReports;
  for (const auto& report : round_.networks()) {
    if (!isOurs(report)) continue;
    ours.insert(report.id);
    ourReports.push_back(report);
  }
  std::set<NetworkId> inUse;
  for (const auto& container : containers) {
    for (const auto& attachment : container.attachments) inUse.insert(attachment.network);
  }
  swarm_.takeNetworks(ourReports);
  touch(core::networksReported(facts_, round_.networks(), ours, inUse, round_.networksRequested()));
  if (options_.driverName.empty()) core::forgetOtherNetworks(facts_);
  touch(core::containersListed(facts_, containers, round_.containersRequested(), now));
  if (!networks_.anyOpen()) core::forgetRemovedNetworks(facts_, round_.networksRequested());
  round_.ended(now);
  reaction_.bridges = reaction_.listed = listed_ = true;
  if (std::exchange(listProblem_, false)) {
    addLog(log::Level::Info, "resolved: docker: networks and containers are listed");
  }
  askListed(containers);
  swarm_.refresh();
  if (facts_.firstRoundOver || firstRoundEndsAt_) return;
  firstRoundEndsAt_ = now + kFirstRound;
  for (const auto& [id, container] : facts_.containers) {
    if (containers_.isOpen(id)) firstRound_.insert(id);
  }
  if (firstRound_.empty()) endFirstRound();
}

// Inspects the listed containers on VIP networks, and every known container that is not stopped:
// it may have left its VIP network, or be known only from an event and not be inspected yet. A
// stopped member of a container's namespace may have been removed without an event.
void EngineDialogue::askListed(const std::vector<core::ListedContainer>& containers) {
  containers_.retryAll();
  networks_.retryAll();
  std::set<ContainerId> concerned;
  for (const auto& container : containers) {
    const bool ours = std::any_of(
        container.attachments.begin(), container.attachments.end(),
        [this](const auto& attachment) { return facts_.networks.contains(attachment.network); });
    if (ours) concerned.insert(container.id);
  }
  for (const auto& [id, container] : facts_.containers) {
    if (container.run != core::RunState::Stopped || container.holder) concerned.insert(id);
  }
  for (const auto& id : concerned) {
    if (!containers_.isOpen(id)) containers_.ask(id, Urgency::Round);
  }
}

void EngineDialogue::containerAnswered(const ContainerId& id, const Result<Answer>& answer,
                                       TimePoint now) {
  using Verdict = Inspections<ContainerId>::Verdict;
  const auto outcome = containers_.answered(id, outcomeOf(answer), now);
  const auto known = facts_.containers.find(id);
  const bool isKnown = known != facts_.containers.end();
  std::string name = isKnown ? known->second.name : "";
  if (name.empty()) name = id.brief();
  if (outcome.notice) {
    addLog(log::Level::Warning,
           fmt::format(
               "container {}: cannot be inspected: {}; its announcement stays as it is, retrying",
               name, answer.error().message));
  }
  if (outcome.resolved)
    addLog(log::Level::Info, fmt::format("resolved: container {}: inspected", name));
  if (outcome.verdict == Verdict::Failed || outcome.verdict == Verdict::Outdated) return;

  if (outcome.verdict == Verdict::Gone) {
    touch(core::containerDestroyed(facts_, id));
  } else {
    const auto& report = std::get<core::ContainerReport>(*answer);
    const bool justStarted = isKnown && known->second.startedAt.empty();
    checks_.decided(id);
    noteCheckProblem(report);
    touch(core::containerReported(facts_, report, now));
    reaction_.bridgesOf.insert(id);
    if (justStarted) prime(report);
    askGateway(id);
  }
  const bool ofFirstRound = firstRound_.erase(id) > 0;
  if (ofFirstRound ? firstRound_.empty() : !reaction_.touched.empty()) endFirstRound();
}

// Inspects docker_gwbridge by its name, which dockerd accepts in place of an id.
void EngineDialogue::askGateway(const ContainerId& id) {
  const auto container = facts_.containers.find(id);
  if (container == facts_.containers.end()) return;
  const NetworkId gateway(core::kSwarmGatewayBridge);
  if (core::needsUnknownGateway(facts_, container->second) && !networks_.isOpen(gateway)) {
    networks_.ask(gateway, Urgency::Event);
  }
}

void EngineDialogue::noteCheckProblem(const core::ContainerReport& report) {
  const bool broken = !report.checkProblem.empty();
  if (!checks_.setBroken(report.id, broken)) return;
  if (broken) {
    addLog(log::Level::Warning,
           fmt::format("container {}: its health check cannot run: {}; keeping its last result",
                       report.name, printable(report.checkProblem)));
  } else {
    addLog(log::Level::Info,
           fmt::format("resolved: container {}: its health check runs", report.name));
  }
}

// Requests neighbour discovery for the container's addresses before the container is announced. The
// inspection that shows the container to be ready already contains the addresses.
void EngineDialogue::prime(const core::ContainerReport& started) {
  const auto toPrime = core::neighborsToPrime(facts_, started);
  reaction_.neighbors.insert(reaction_.neighbors.end(), toPrime.addresses.begin(),
                             toPrime.addresses.end());
  if (toPrime.unresolved) queue_.add(FindMember{*toPrime.unresolved, started.id}, Urgency::Event);
}

void EngineDialogue::networkAnswered(const NetworkId& id, const Result<Answer>& answer,
                                     TimePoint now) {
  using Verdict = Inspections<NetworkId>::Verdict;
  const auto outcome = networks_.answered(id, outcomeOf(answer), now);
  if (outcome.verdict == Verdict::Gone && facts_.bridges.contains(id)) {
    touch(core::bridgeDestroyed(facts_, id));
    reaction_.bridges = true;
  }
  if (outcome.verdict != Verdict::Current) return;
  if (core::changedSince(facts_, id, outcome.requested)) {  // a plugin call changed the network
    networks_.ask(id, Urgency::Event);
    return;
  }
  const auto& report = std::get<core::NetworkReport>(*answer);
  const bool ours = isOurs(report);
  touch(core::networkReported(facts_, report, ours, outcome.requested));
  if (options_.driverName.empty()) core::forgetOtherNetworks(facts_);
  // The network may be another instance's (Reconciler::sharedInstance()).
  if (!ours) reaction_.bridges = reaction_.firewall = true;
  if (!ours || !report.clusterWide) return;
  swarm_.takeNetwork(report);
  swarm_.refresh();
}

}  // namespace bgplb::docker
