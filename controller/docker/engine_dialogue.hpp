#pragma once
// The dialogue with dockerd, as decisions: which question is asked when, whether an answer may be
// used, what changes in the facts, when something is to be tried again. Pure: events, answers,
// failures and the time come in; fact changes, calls and log lines go out. engine_sync.hpp does the
// I/O.
//
// An event changes the facts at once. What the event does not contain (which endpoint, which stop
// signal, is there a health check) is requested when a container starts, so that it is known before
// the container's health or a kill is reported. While dockerd is silent nothing is concluded, and
// no withdrawal waits for an answer.

#include "base/log.hpp"
#include "core/fold.hpp"
#include "docker/engine_codec.hpp"
#include "docker/inspections.hpp"
#include "docker/list_round.hpp"
#include "docker/question_queue.hpp"
#include "docker/swarm_watch.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace bgplb::docker {

struct DialogueOptions {
  std::string driverName;  // as in `docker network ls`; empty: asked for by `pluginId`
  std::string pluginId;    // empty: not a managed plugin
};

// What follows from one input.
struct Reaction {
  core::Touched touched;
  bool bridges = false;             // a Docker bridge, or who is on one, changed
  std::set<ContainerId> bridgesOf;  // only on which bridges these containers are
  bool firewall = false;            // Docker rearranged its chains
  bool listed = false;              // full lists were taken: everything is to be compared
  std::vector<Address> neighbors;   // to be primed (core/neighbors_to_prime.hpp)
  std::vector<Call> calls;          // to be sent now
  struct Line {
    log::Level level;
    std::string text;
  };
  std::vector<Line> log;
};

class EngineDialogue {
 public:
  using TimePoint = core::TimePoint;
  // How long the first lists' containers are waited for before the routes count as complete.
  static constexpr std::chrono::milliseconds kFirstRound{1000};

  // Keeps both references. The facts are changed by every input.
  EngineDialogue(core::Facts& facts, const core::Policy& policy, DialogueOptions options);

  Reaction streamConnected(TimePoint now);
  Reaction streamLost(const Error& error, TimePoint now);
  Reaction event(const EngineEvent& event, TimePoint now);
  Reaction answered(std::uint64_t call, const Result<Answer>& answer, TimePoint now);
  Reaction timePassed(TimePoint now);
  // When to call timePassed(), if nothing happens before.
  std::optional<TimePoint> due() const;

  // The next event stream begins with the events since this time of dockerd's clock, nanoseconds
  // since 1970: those that happened while no stream was connected. None: no event was read yet.
  std::optional<std::int64_t> replaySince() const { return replaySince_; }

  // The event stream is connected, and the lists were read since.
  bool following() const { return connected_ && listed_; }
  const std::string& driverName() const { return options_.driverName; }
  const std::set<std::string>& swarmNotes() const { return swarm_.notes(); }

 private:
  void containerEvent(const EngineEvent& event, TimePoint now);
  void networkEvent(const EngineEvent& event);
  void attachmentEvent(const EngineEvent& event);

  void roundAnswered(const Question& question, const Result<Answer>& answer, TimePoint now);
  void pluginAnswered(const Result<Answer>& answer);
  void takeLists(const std::vector<core::ListedContainer>& containers, TimePoint now);
  void askListed(const std::vector<core::ListedContainer>& containers);
  void containerAnswered(const ContainerId& id, const Result<Answer>& answer, TimePoint now);
  void networkAnswered(const NetworkId& id, const Result<Answer>& answer, TimePoint now);
  void prime(const core::ContainerReport& started);

  void touch(const core::Touched& touched);
  void endFirstRound();
  bool isOurs(const core::NetworkReport& report) const;
  void say(log::Level level, std::string text);
  Reaction finish(TimePoint now);

  core::Facts& facts_;
  const core::Policy& policy_;
  DialogueOptions options_;

  QuestionQueue queue_;
  ListRound round_;
  Inspections<ContainerId> containers_;
  Inspections<NetworkId> networks_;
  SwarmWatch swarm_;

  std::optional<std::int64_t> replaySince_;
  bool connected_ = false;
  bool listed_ = false;               // since the stream is connected
  bool streamProblem_ = false;        // logged
  bool listProblem_ = false;          // logged
  std::set<ContainerId> firstRound_;  // not answered yet
  std::optional<TimePoint> firstRoundEndsAt_;
  Reaction reaction_;
};

}  // namespace bgplb::docker
