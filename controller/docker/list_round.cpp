#include "docker/list_round.hpp"

#include <algorithm>
#include <utility>

namespace bgplb::docker {

void ListRound::begin() {
  stop();
  beginPending_ = inFlight_ >= kMostCalls;
  if (beginPending_) return;
  networks_.clear();
  if (pluginId_.empty()) {
    queue_.add(ListNetworks{}, Urgency::List);
  } else {
    queue_.add(InspectPlugin{pluginId_}, Urgency::List);
  }
}

void ListRound::beginSoon(TimePoint now) {
  beginAgain_ = !beginAt_;
  if (beginAt_) beginAt_ = std::min(*beginAt_, now + kFirstRetry);
}

void ListRound::stop() {
  awaited_ = 0;
  beginPending_ = beginAgain_ = false;
  beginAt_.reset();
}

bool ListRound::answered(std::uint64_t call) {
  --inFlight_;
  if (awaited_ == call) {
    awaited_ = 0;
    return true;
  }
  if (beginPending_) begin();
  return false;
}

void ListRound::beginDue(TimePoint now) {
  if (beginAt_ && *beginAt_ <= now) begin();
}

void ListRound::sent(const Call& call, core::Revision revision) {
  if (std::holds_alternative<ListNetworks>(call.question)) {
    networksRequested_ = revision;
  } else if (std::holds_alternative<ListContainers>(call.question)) {
    containersRequested_ = revision;
  } else if (!std::holds_alternative<InspectPlugin>(call.question)) {
    return;
  }
  awaited_ = call.number;
  ++inFlight_;
}

void ListRound::pluginNamed() {
  pluginId_.clear();
  queue_.add(ListNetworks{}, Urgency::List);
}

void ListRound::networksListed(std::vector<core::NetworkReport> networks) {
  networks_ = std::move(networks);
  queue_.add(ListContainers{}, Urgency::List);
}

void ListRound::ended(TimePoint now) {
  networks_.clear();
  backoff_.reset();
  beginAt_ = now + (std::exchange(secondIsNext_, false) ? kSecondRound : kBetweenRounds);
  if (std::exchange(beginAgain_, false)) beginAt_ = now + kFirstRetry;
}

void ListRound::failed(TimePoint now) {
  networks_.clear();
  beginAt_ = now + backoff_.next();
}

}  // namespace bgplb::docker
