// dockerd's API in the storm: the event stream, and the replies to the requests of the real
// dialogue.
#include "reconcile/storm.hpp"

#include <utility>

namespace bgplb::test {

using namespace std::chrono_literals;

namespace {

constexpr int kSigUsr2 = 12;
constexpr auto kCallDeadline = 10s;  // as in docker/engine_client.hpp

}  // namespace

// ---- the event stream

void Storm::emit(const char* action, const ModelContainer& container,
                 std::map<std::string, std::string> attributes) {
  if (!following_) return;
  docker::EngineEvent event{.type = "container",
                            .action = action,
                            .id = container.id.value,
                            .attributes = std::move(attributes)};
  stream_.push_back({std::move(event), container.id, container.runs});
}

void Storm::emitNetwork(const char* action, const NetworkId& id, const char* type,
                        const ModelContainer* container) {
  if (!following_) return;
  docker::EngineEvent event{
      .type = "network", .action = action, .id = id.value, .attributes = {{"type", type}}};
  if (container != nullptr) event.attributes["container"] = container->id.value;
  stream_.push_back({std::move(event), container == nullptr ? ContainerId{} : container->id});
}

void Storm::connect() {
  following_ = true;
  apply(dialogue_->streamConnected(now_));
}

void Storm::disconnect() {
  following_ = false;
  stream_.clear();
  apply(dialogue_->streamLost(unavailable("the stream ended"), now_));
}

void Storm::deliver() {
  if (stream_.empty()) return;
  const StreamEvent next = stream_.front();
  stream_.pop_front();
  const std::string& action = next.event.action;
  // The end of a check changes nothing, so a reply in flight stays valid.
  if (!next.id.empty() && action != "exec_die") ++events_[next.id];
  if (action == "start") {
    knownRun_[next.id] = ModelContainer::startOf(next.run);
    answered_.erase(next.id);
    unsure_.erase(next.id);
    drainedAt_.erase(next.id);
    engine_.forgetRun(next.id);
  }
  if (action == "kill" && next.event.attribute("signal") == std::to_string(kSigUsr2))
    onSigusr2(next);
  apply(dialogue_->event(next.event, now_));
}

void Storm::skipEvent() {
  if (stream_.empty()) return;
  stream_.pop_front();
  apply(dialogue_->eventSkipped(now_));
  const auto due = dialogue_->due();
  if (!openList() && (!due || *due > now_ + docker::ListRound::kFirstRetry)) {
    throw Violation{"a skipped event causes no list"};
  }
}

void Storm::onSigusr2(const StreamEvent& event) {
  const auto& id = event.id;
  engine_.drained.insert(id);
  const auto run = knownRun_.find(id);
  // The controller can assign the signal to a run only if it knows the current run.
  const bool known = run != knownRun_.end() && run->second == ModelContainer::startOf(event.run);
  const bool answered = answered_.count(id) > 0;
  const bool confirmed = engine_.confirmed.count(id) > 0;
  if (!known || !answered || !confirmed) unsure_.insert(id);
  auto* container = docker_.find(id);
  if (container == nullptr || !container->isRunning() || container->runs != event.run) return;
  if (!known || container->endpoints.empty() || (answered && !confirmed)) return;
  container->drained = true;
  drainedAt_.try_emplace(id, now_);
}

// ---- questions

void Storm::apply(docker::Reaction reaction) {
  controller_->touch(reaction.touched);
  if (reaction.listed) {
    controller_->touchAll(now_);
    unreported_.clear();
  }
  if (reaction.bridges) controller_->touchBridges();
  if (reaction.firewall) controller_->touchFirewall();
  for (const auto& id : reaction.bridgesOf) controller_->touchBridgesOf(id);
  for (auto& call : reaction.calls) {
    const auto* container = std::get_if<docker::InspectContainer>(&call.question);
    const std::uint64_t before = container == nullptr ? 0 : events_[container->id];
    questions_.emplace(call.number, Asked{std::move(call.question), now_, before});
  }
}

// None: no reply, because dockerd holds the container's lock.
std::optional<Result<docker::Answer>> Storm::answerOf(const docker::Question& question) const {
  using docker::Answer;
  using Answered = Result<Answer>;
  if (std::holds_alternative<docker::ListNetworks>(question)) {
    return Answered(Answer(docker_.networkReports()));
  }
  if (std::holds_alternative<docker::ListContainers>(question)) {
    return Answered(Answer(docker_.running()));
  }
  if (const auto* network = std::get_if<docker::InspectNetwork>(&question)) {
    for (const auto& report : docker_.networkReports()) {
      if (report.id == network->id) return Answered(Answer(report));
    }
  }
  if (const auto* asked = std::get_if<docker::InspectContainer>(&question)) {
    for (const auto& container : docker_.containers) {
      if (container.id != asked->id) continue;
      if (!container.steps.empty()) return std::nullopt;
      return Answered(Answer(docker_.inspect(container)));
    }
  }
  return Answered(notFound("no such object"));
}

void Storm::answer(unsigned which) {
  if (questions_.empty()) return;
  answer(chosen(which)->first);
}

void Storm::answer(std::uint64_t call) {
  auto& asked = questions_.at(call);
  if (!asked.answer) {
    asked.answer = answerOf(asked.question);
    return;
  }
  const Asked done = std::move(asked);
  questions_.erase(call);
  if (*done.answer && std::holds_alternative<docker::InspectContainer>(done.question)) {
    noteReport(done, std::get<core::ContainerReport>(**done.answer));
  }
  if (*done.answer && std::holds_alternative<docker::ListContainers>(done.question)) {
    noteList(std::get<std::vector<core::ListedContainer>>(**done.answer));
  }
  apply(dialogue_->answered(call, *done.answer, now_));
}

void Storm::noteList(const std::vector<core::ListedContainer>& running) {
  for (const auto& container : running) {
    if (isOnVipNetwork(container.attachments)) engine_.listed.insert(container.id);
  }
}

bool Storm::isOnVipNetwork(const std::vector<core::Attachment>& attachments) const {
  return std::any_of(attachments.begin(), attachments.end(), [this](const auto& attachment) {
    return docker_.isVipNetwork(attachment.network);
  });
}

// Records what the controller knows after this reply. A reply that is older than an event of its
// container has no effect.
void Storm::noteReport(const Asked& asked, const core::ContainerReport& report) {
  if (asked.eventsBefore != events_[report.id]) return;
  knownRun_[report.id] = report.startedAt;
  engine_.inspected.insert(report.id);
  const bool sure = facts().listed;  // otherwise the VIP networks may be unknown
  const bool isNew = sure && answered_.insert(report.id).second;
  const auto* container = docker_.find(report.id);
  const bool confirms = container != nullptr && isOnVipNetwork(report.attachments) &&
                        engine_.confirmed.insert(report.id).second;
  if ((isNew || confirms) && drainedAt_.count(report.id) > 0) drainedAt_[report.id] = now_;
}

void Storm::fail(std::uint64_t call) {
  questions_.erase(call);
  apply(dialogue_->answered(call, transient("made to fail"), now_));
}

void Storm::timeOut() {
  std::vector<std::uint64_t> late;
  for (const auto& [call, asked] : questions_) {
    if (now_ - asked.since >= kCallDeadline) late.push_back(call);
  }
  for (const auto call : late) fail(call);
}

std::optional<std::uint64_t> Storm::openList() const {
  for (const auto& [call, asked] : questions_) {
    const bool list = std::holds_alternative<docker::ListNetworks>(asked.question) ||
                      std::holds_alternative<docker::ListContainers>(asked.question);
    if (list) return call;
  }
  return std::nullopt;
}

void Storm::listOn() {
  if (const auto call = openList()) return answer(*call);
  // Reconnects the stream, and dockerd sends all its events again.
  apply(dialogue_->streamLost(unavailable("the stream ended"), now_));
  apply(dialogue_->streamConnected(now_));
}

}  // namespace bgplb::test
