#pragma once
// When dockerd's full lists are read: as soon as the event stream is connected, a minute later
// (leftovers are removed only after two lists did not contain them), then every three minutes; a
// round that failed is repeated with backoff. One round reads the plugin's own name if it is not
// known, the networks, then the containers.
//
// The event stream is connected before the lists are requested, so that what they miss arrives as
// an event.

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
  static constexpr std::size_t kMostCalls = 2;  // those of abandoned rounds included

  // `pluginId`: empty if the plugin's name need not be asked for.
  ListRound(QuestionQueue& queue, std::string pluginId)
      : queue_(queue), pluginId_(std::move(pluginId)) {}

  // A new round, instead of one under way; its own lists are awaited first if kMostCalls are in
  // flight.
  void begin();
  void stop();  // the event stream was lost
  void beginDue(TimePoint now);
  std::optional<TimePoint> due() const { return beginAt_; }

  // The queue has sent a question of the round.
  void sent(const Call& call, core::Revision revision);
  // One of the round's questions was answered, or failed. False: the round was abandoned meanwhile.
  bool answered(std::uint64_t call);

  void pluginNamed();
  void networksListed(std::vector<core::NetworkReport> networks);
  void ended(TimePoint now);   // the containers were listed
  void failed(TimePoint now);  // any question of the round

  const std::vector<core::NetworkReport>& networks() const { return networks_; }
  core::Revision networksRequested() const { return networksRequested_; }
  core::Revision containersRequested() const { return containersRequested_; }

 private:
  QuestionQueue& queue_;
  std::string pluginId_;
  std::uint64_t awaited_ = 0;  // the call of this round; 0: none
  std::size_t inFlight_ = 0;   // calls, those of abandoned rounds included
  bool beginPending_ = false;
  std::vector<core::NetworkReport> networks_;
  core::Revision networksRequested_ = 0;
  core::Revision containersRequested_ = 0;
  Backoff backoff_{kFirstRetry, kLongestRetry};
  std::optional<TimePoint> beginAt_;
  bool secondIsNext_ = true;
};

}  // namespace bgplb::docker
