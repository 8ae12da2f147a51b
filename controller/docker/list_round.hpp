#pragma once
// Schedules the reading of dockerd's full lists: as soon as the event stream is connected, one
// minute later (leftovers are removed only after two lists did not contain them), then every three
// minutes. A failed round is repeated with backoff. One round reads the plugin's own name if it is
// unknown, then the networks, then the containers. Owned by EngineDialogue.
//
// The event stream is connected before the lists are requested, so that every later change arrives
// as an event.

#include "base/backoff.hpp"
#include "core/facts.hpp"
#include "docker/question_queue.hpp"

#include <optional>
#include <string>
#include <vector>

namespace bgplb::docker {

class ListRound {
 public:
  using TimePoint = core::TimePoint;
  static constexpr std::chrono::milliseconds kFirstRetry{250};
  static constexpr std::chrono::milliseconds kLongestRetry{10'000};
  static constexpr std::chrono::milliseconds kSecondRound{60'000};
  static constexpr std::chrono::milliseconds kBetweenRounds{180'000};
  static constexpr std::size_t kMostCalls = 2;  // in flight, calls of abandoned rounds included

  // `pluginId`: empty if the plugin's name is already known.
  ListRound(QuestionQueue& queue, std::string pluginId)
      : queue_(queue), pluginId_(std::move(pluginId)) {}

  // Starts a new round and abandons one in progress. If kMostCalls calls are in flight, the new
  // round starts when one of them has been answered.
  void begin();
  // Starts a new round after kFirstRetry, or, if a round is in progress, that long after its end.
  // Many calls thus cause one round, and never abandon one.
  void beginSoon(TimePoint now);
  void stop();  // the event stream was lost
  void beginDue(TimePoint now);
  std::optional<TimePoint> due() const { return beginAt_; }

  // The queue has sent this query, which may belong to the round.
  void sent(const Call& call, core::Revision revision);
  // A query of a round was answered or has failed. False: the round was abandoned meanwhile.
  bool answered(std::uint64_t call);

  void pluginNamed();
  void networksListed(std::vector<core::NetworkReport> networks);
  void ended(TimePoint now);   // the containers were listed
  void failed(TimePoint now);  // a query of the round failed

  const std::vector<core::NetworkReport>& networks() const { return networks_; }
  core::Revision networksRequested() const { return networksRequested_; }
  core::Revision containersRequested() const { return containersRequested_; }

 private:
  QuestionQueue& queue_;
  std::string pluginId_;
  std::uint64_t awaited_ = 0;  // number of the current round's call in flight; 0: none
  std::size_t inFlight_ = 0;   // calls of all rounds, abandoned ones included
  bool beginPending_ = false;
  bool beginAgain_ = false;  // after the round in progress
  std::vector<core::NetworkReport> networks_;
  core::Revision networksRequested_ = 0;
  core::Revision containersRequested_ = 0;
  Backoff backoff_{kFirstRetry, kLongestRetry};
  std::optional<TimePoint> beginAt_;
  bool secondIsNext_ = true;
};

}  // namespace bgplb::docker
