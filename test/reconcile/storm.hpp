#pragma once
// A host for the property test. Plugin calls, events and replies of dockerd and notifications of
// the kernel and the routing daemon reach the controller in any order, late or never. Calls and
// requests fail, and the controller is killed. An event is a value that is valid in every situation
// (perhaps without effect), so a shortened sequence of events can still be run.

#include "docker/engine_dialogue.hpp"
#include "reconcile/checked_ports.hpp"
#include "reconcile/model_docker.hpp"
#include "reconcile/reconciler.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bgplb::test {

enum class Kind {
  // The user.
  CreateNetwork,
  DeleteNetwork,
  Start,
  End,
  Destroy,
  Pause,
  Unpause,
  Healthy,
  Unhealthy,
  Check,  // a health check ends
  Kill,
  Sigusr2,
  Connect,
  Disconnect,
  Gateway,
  Lan,
  HostAddress,
  // dockerd takes the next step of a start or an end.
  Dockerd,
  // dockerd's API.
  Deliver,
  Ask,
  FailAnswer,
  BreakStream,
  SkipEvent,  // an event that cannot be read
  List,
  // Faults.
  Interfere,
  KernelNotifies,
  FailCall,
  EngineRefuses,
  // The routing daemon.
  Confirm,
  RoutingEnds,
  RoutingStarts,
  // The controller.
  Restart,
  Step,
  Time,
};
inline constexpr std::size_t kKinds = static_cast<std::size_t>(Kind::Time) + 1;

struct Event {
  Kind kind = Kind::Step;
  unsigned which = 0;  // index of the object, modulo the number of objects
  unsigned how = 0;
  bool step = true;  // the controller runs a step before the next event
};

const char* nameOf(Kind kind);
std::string toText(const Event& event);

class Storm {
 public:
  Storm();
  void run(const Event& event);  // throws Violation
  void settle();                 // from now on calls succeed, and everything pending is delivered
  void checkEnd();               // throws Violation

 private:
  struct StreamEvent {
    docker::EngineEvent event;
    ContainerId id{};
    unsigned run = 0;  // of the container
  };
  struct Asked {
    docker::Question question;
    core::TimePoint since;
    std::uint64_t eventsBefore = 0;                  // of the container
    std::optional<Result<docker::Answer>> answer{};  // none: dockerd has not replied yet
  };

  // dockerd and its user
  void userActs(const Event& event);
  ModelContainer* busy(unsigned which);
  static bool changes(ModelContainer& container, Kind kind);
  void begin(ModelContainer& container);
  void end(ModelContainer& container, bool eventFirst);
  void endTheTerminated();
  void endDockerdSteps();
  void restartContainer(ModelContainer& container);
  void dockerdSteps(ModelContainer& container);
  bool join(ModelContainer& container, ModelEndpoint& endpoint);
  void createNetwork(ModelNetwork& network);
  void deleteNetwork(ModelNetwork& network);
  void emit(const char* action, const ModelContainer& container,
            std::map<std::string, std::string> attributes = {});
  void emitNetwork(const char* action, const NetworkId& id, const char* type,
                   const ModelContainer* container = nullptr);

  // dockerd's API
  void connect();
  void disconnect();
  void deliver();
  void skipEvent();
  void onSigusr2(const StreamEvent& event);
  void answer(unsigned which);  // dockerd replies, or a reply in flight arrives
  void answer(std::uint64_t call);
  void fail(std::uint64_t call);
  std::optional<Result<docker::Answer>> answerOf(const docker::Question& question) const;
  void noteList(const std::vector<core::ListedContainer>& running);
  bool isOnVipNetwork(const std::vector<core::Attachment>& attachments) const;
  void noteReport(const Asked& asked, const core::ContainerReport& report);
  void apply(docker::Reaction reaction);
  std::optional<std::uint64_t> openList() const;  // the request of a full list
  void listOn();                                  // begins or continues a full list
  void listWhole();
  void timeOut();

  // faults
  void interfere(const Event& event);
  void loseLeftovers(const std::string& bridge);
  void restart(unsigned which, unsigned how);
  void kernelNotifies();

  // the controller
  void step();
  void pass(std::chrono::milliseconds time);
  Result<void> settleNetwork(const NetworkId& id);
  void startController();
  void check();
  void checkIndex() const;
  void checkSteady() const;
  void checkSaved() const;
  void findSteady();
  std::string objectionTo(const Prefix& vip) const;
  bool isRefused(const Prefix& vip) const;
  bool allDrained(const Prefix& vip) const;
  core::Facts& facts() { return controller_->facts(); }
  // The open question that `which` selects.
  auto chosen(unsigned which) {
    return std::next(questions_.begin(), static_cast<std::ptrdiff_t>(which % questions_.size()));
  }

  std::string readiness() const;
  void checkAnnounced() const;
  void checkLikeFresh() const;
  void checkAtRest();
  void endServing(ModelContainer& container);
  void checkEndsWithoutLists();

  ModelDocker docker_;
  CheckedRouting routing_;
  CheckedKernel kernel_{routing_};
  FakeFirewall firewall_;
  CheckedEngine engine_;
  FakeStore store_;
  std::unique_ptr<reconcile::Reconciler> controller_;
  core::TimePoint now_ = core::TimePoint{} + std::chrono::hours(100);

  std::unique_ptr<docker::EngineDialogue> dialogue_;
  core::HostNeeds needs_;  // of the host
  bool following_ = true;  // the event stream is connected
  std::deque<StreamEvent> stream_;
  std::map<std::uint64_t, Asked> questions_;
  std::map<ContainerId, std::uint64_t> events_;  // number of events delivered to this controller
  std::map<ContainerId, std::string> knownRun_;  // the container's run as known to this controller
  std::set<ContainerId> answered_;               // a reply of dockerd confirmed that run
  std::set<ContainerId> unsure_;                 // got SIGUSR2, perhaps in another run
  std::map<ContainerId, core::TimePoint> drainedAt_;  // in the current run
  // Backends that have served since before the controller's restart, without any change.
  std::set<std::pair<ContainerId, std::size_t>> steady_;
  std::set<std::string>
      unreported_;  // bridges with changes of which the controller was not notified
};

}  // namespace bgplb::test
