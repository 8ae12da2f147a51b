#pragma once
// The logic of following dockerd: decides which query to send when, whether an answer may be used,
// which facts change, and when to retry. Pure: the inputs are events, answers, failures and the
// time; the outputs are changed facts, queries to send and log lines. EngineSync owns it and does
// the I/O.
//
// An event changes the facts at once. An event does not contain the endpoints, the stop signal or
// whether the container has a health check. EngineDialogue therefore inspects a container when it
// starts, so that these values are known before dockerd reports its health or a kill. While dockerd
// does not answer, EngineDialogue changes no facts because of that silence. A withdrawal does not
// wait for an answer, with one exception: if the health check of a container may not have run, the
// withdrawal waits for at most a second (health_checks.hpp).

#include "base/log.hpp"
#include "core/fold.hpp"
#include "docker/engine_codec.hpp"
#include "docker/health_checks.hpp"
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
  std::string driverName;  // as in `docker network ls`; empty: queried from dockerd with `pluginId`
  std::string pluginId;    // empty: not a managed plugin
};

// The outputs of one input.
struct Reaction {
  core::Touched touched;
  bool bridges = false;             // a Docker bridge changed, or the containers on a bridge
  std::set<ContainerId> bridgesOf;  // containers whose attachment to bridges may have changed
  bool firewall = false;            // Docker may have reordered its iptables chains
  bool listed = false;              // full lists were applied: reconcile everything
  std::vector<Address> neighbors;   // to prime (core/neighbors_to_prime.hpp)
  std::vector<Call> calls;          // to send now
  struct Line {
    log::Level level;
    std::string text;
  };
  std::vector<Line> log;
};

class EngineDialogue {
 public:
  using TimePoint = core::TimePoint;
  // How long to wait for the inspections of the containers on the first lists before the
  // announcements count as complete.
  static constexpr std::chrono::milliseconds kFirstRound{1000};

  // Keeps both references. Every input may change the facts.
  EngineDialogue(core::Facts& facts, const core::Policy& policy, DialogueOptions options);

  Reaction streamConnected(TimePoint now);
  Reaction streamLost(const Error& error, TimePoint now);
  Reaction event(const EngineEvent& event, TimePoint now);
  // An event could not be read. Full lists show its effect.
  Reaction eventSkipped(TimePoint now) {
    round_.beginSoon(now);
    return finish(now);
  }
  Reaction answered(std::uint64_t call, const Result<Answer>& answer, TimePoint now);
  Reaction timePassed(TimePoint now);
  // When to call timePassed(). Changes with every input.
  std::optional<TimePoint> due() const;

  // The `since` of the next event stream, in nanoseconds since 1970 by dockerd's clock, so that it
  // begins with the events that happened while no stream was connected. None: no event was read
  // yet.
  std::optional<std::int64_t> replaySince() const { return replaySince_; }

  // The event stream is connected, and full lists were read since it connected.
  bool following() const { return connected_ && listed_; }
  const std::string& driverName() const { return options_.driverName; }
  const std::set<std::string>& swarmNotes() const { return swarm_.notes(); }

 private:
  void containerEvent(const EngineEvent& event, TimePoint now);
  void processEnded(const EngineEvent& event);
  bool isDoubtful(const EngineEvent& event) const;
  void networkEvent(const EngineEvent& event);
  void attachmentEvent(const EngineEvent& event);

  void roundAnswered(const Question& question, const Result<Answer>& answer, TimePoint now);
  void pluginAnswered(const Result<Answer>& answer);
  void takeLists(const std::vector<core::ListedContainer>& containers, TimePoint now);
  void askListed(const std::vector<core::ListedContainer>& containers);
  void containerAnswered(const ContainerId& id, const Result<Answer>& answer, TimePoint now);
  void askGateway(const ContainerId& id);
  void noteCheckProblem(const core::ContainerReport& report);
  void networkAnswered(const NetworkId& id, const Result<Answer>& answer, TimePoint now);
  void prime(const core::ContainerReport& started);

  void touch(const core::Touched& touched);
  void endFirstRound();
  bool isOurs(const core::NetworkReport& report) const;
  void addLog(log::Level level, std::string text);
  Reaction finish(TimePoint now);

  core::Facts& facts_;
  const core::Policy& policy_;
  DialogueOptions options_;

  QuestionQueue queue_;
  ListRound round_;
  Inspections<ContainerId> containers_;
  Inspections<NetworkId> networks_;
  SwarmWatch swarm_;
  HealthChecks checks_;

  std::optional<std::int64_t> replaySince_;
  bool connected_ = false;
  bool listed_ = false;               // full lists were read since the stream connected
  bool streamProblem_ = false;        // the problem was logged
  bool listProblem_ = false;          // the problem was logged
  std::set<ContainerId> firstRound_;  // on the first lists and not inspected yet
  std::optional<TimePoint> firstRoundEndsAt_;
  Reaction reaction_;
};

}  // namespace bgplb::docker
