// What the engine tells the controller in the storm, as docker/engine_sync.cpp takes it.
#include "reconcile/storm.hpp"

#include <utility>

namespace bgplb::test {

using namespace std::chrono_literals;

namespace {

constexpr int kSigUsr2 = 12;

}  // namespace

void Storm::tell(Kind kind, const ModelContainer& container, int signal, const NetworkId& network) {
  if (following_) stream_.push_back({kind, container.id, container.runs, signal, network});
}

void Storm::deliver() {
  if (stream_.empty()) return;
  const EngineEvent event = stream_.front();
  stream_.pop_front();
  if (event.kind == Kind::Gateway) {
    controller_->touchFirewall();
    controller_->touchBridges();
    return;
  }
  onContainer(event);
}

void Storm::onContainer(const EngineEvent& event) {
  const auto& id = event.id;
  auto& reconciler = *controller_;
  switch (event.kind) {
    case Kind::Start:
      told_[id] = ModelContainer::startOf(event.run);
      answered_.erase(id);
      unsure_.erase(id);
      reconciler.touch(core::containerStarted(facts(), id, now_));
      ask(id);
      break;
    case Kind::End: reconciler.touch(core::containerDied(facts(), id, now_)); break;
    case Kind::Destroy: reconciler.touch(core::containerDestroyed(facts(), id)); break;
    case Kind::Pause: reconciler.touch(core::containerPaused(facts(), id, true, now_)); break;
    case Kind::Unpause: reconciler.touch(core::containerPaused(facts(), id, false, now_)); break;
    case Kind::Healthy:
      reconciler.touch(core::containerHealth(facts(), id, core::Health::Healthy, now_));
      break;
    case Kind::Unhealthy:
      reconciler.touch(core::containerHealth(facts(), id, core::Health::Unhealthy, now_));
      break;
    case Kind::Kill: {
      if (event.signal != kSigUsr2) {
        reconciler.touch(core::containerSignalled(facts(), id, event.signal, now_));
        break;
      }
      engine_.drained.insert(id);
      reconciler.beginDrain(id, {.terminateAt = now_ + 5s});
      // Only of a run that it knows of the controller can be sure that this is the one.
      const auto told = told_.find(id);
      const bool known = told != told_.end() && told->second == ModelContainer::startOf(event.run);
      if (!known || answered_.count(id) == 0) unsure_.insert(id);
      auto* container = docker_.find(id);
      if (known && container != nullptr && container->isRunning() && container->runs == event.run) {
        container->drained = true;
      }
      break;
    }
    case Kind::Connect:
    case Kind::Disconnect: {
      const auto known = facts().containers.find(id);
      if (known == facts().containers.end() && facts().networks.count(event.network) == 0) break;
      core::containerAttachmentsChanged(facts(), id);
      const bool running = known != facts().containers.end() && known->second.asked &&
                           known->second.run == core::RunState::Running;
      if (running || event.kind == Kind::Connect) ask(id);
      break;
    }
    default: break;
  }
}

std::uint64_t Storm::eventsOf(const ContainerId& id) {
  const auto counts = core::eventCounts(facts());
  const auto found = counts.find(id);
  return found == counts.end() ? 0 : found->second;
}

bool Storm::isLocked(const ContainerId& id) {
  const auto* container = docker_.find(id);
  return container != nullptr && !container->steps.empty();
}

bool Storm::ask(const ContainerId& id) {
  return questions_.try_emplace(id, Question{eventsOf(id)}).second;
}

// The engine answers, and later the answer arrives. One that is older than the last event is none.
void Storm::answer(unsigned which) {
  if (questions_.empty()) return;
  const auto question = std::next(questions_.begin(), which % questions_.size());
  const ContainerId id = question->first;
  const auto* container = docker_.find(id);
  if (!question->second.answer) {
    if (container == nullptr) {
      questions_.erase(question);
      controller_->touch(core::containerDestroyed(facts(), id));
    } else if (!isLocked(id)) {
      question->second.answer = docker_.inspect(*container);
    }
    return;
  }
  const core::ContainerReport report = *question->second.answer;
  const bool current = question->second.eventsBefore == eventsOf(id);
  questions_.erase(question);
  if (!current) {
    ask(id);
    return;
  }
  controller_->touch(core::containerReported(facts(), report, now_));
  told_[id] = report.startedAt;
  if (networksTold_) answered_.insert(id);  // else it is taken for one of no LB network
  controller_->touchBridgesOf(id);
}

void Storm::listOn() {
  if (!listing_) {
    listing_ = Listing{.networks = docker_.networkReports(), .ours = docker_.ours()};
    return;
  }
  if (!listing_->running) {
    controller_->touch(core::networksReported(facts(), listing_->networks, listing_->ours));
    controller_->touchBridges();
    networksTold_ = true;
    listing_->running = docker_.running();
    listing_->whenAsked = core::eventCounts(facts());
    listing_->toAsk.assign(listing_->running->begin(), listing_->running->end());
    return;
  }
  if (listing_->waitsFor && questions_.count(*listing_->waitsFor) > 0) return;
  if (listing_->toAsk.empty()) {
    endList();
    return;
  }
  // One after the other; one that is asked about already is not waited for.
  const ContainerId id = listing_->toAsk.front();
  listing_->toAsk.pop_front();
  if (ask(id)) listing_->waitsFor = id;
}

void Storm::endList() {
  const auto listing = std::exchange(listing_, std::nullopt);
  controller_->touch(core::containersListed(facts(), *listing->running, listing->whenAsked, now_));
  controller_->touchAll(now_);
  news_.clear();
  listed_ = true;
}

}  // namespace bgplb::test
