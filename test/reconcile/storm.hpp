#pragma once
// A host in a storm: dockerd's calls, its events and answers, the kernel's and the routing daemon's
// notifications reach the controller in any order, late or never; calls and questions fail, the
// controller dies. An event is a value that means something in every situation (or nothing), so that a
// sequence of events can be cut short and still be run.

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
  CreateNetwork, DeleteNetwork,                                            // the user
  Start, End, Destroy, Pause, Unpause, Healthy, Unhealthy, Kill, Sigusr2, Connect, Disconnect, Gateway,
  Dockerd,                                                                 // takes its next step
  Deliver, Ask, FailAnswer, BreakStream, List,                             // dockerd's API
  Interfere, KernelNews, FailCall, EngineRefuses,                          // what goes wrong
  Confirm, RoutingEnds, RoutingStarts,                                     // the routing daemon
  Restart, Step, Time,                                                     // the controller
};
inline constexpr std::size_t kKinds = static_cast<std::size_t>(Kind::Time) + 1;

struct Event {
  Kind kind = Kind::Step;
  unsigned which = 0;  // of what there is, modulo
  unsigned how = 0;
  bool step = true;    // the controller takes its step before the next event
};

const char* word(Kind kind);
std::string toText(const Event& event);

class Storm {
 public:
  Storm();
  void run(const Event& event);  // throws Violation
  void settle();                 // everything succeeds and everything is told
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
    std::uint64_t eventsBefore = 0;  // of the container
    std::optional<Result<docker::Answer>> answer{};  // empty: dockerd has not answered yet
  };

  // dockerd and its user
  void userActs(const Event& event);
  ModelContainer* busy(unsigned which);
  static bool changes(ModelContainer& container, Kind kind);
  void begin(ModelContainer& container);
  void end(ModelContainer& container, bool eventFirst);
  void endTheTerminated();
  void endDockerdSteps();
  void startAnew(ModelContainer& container);
  void dockerdSteps(ModelContainer& container);
  bool join(ModelContainer& container, ModelEndpoint& endpoint);
  void createNetwork(ModelNetwork& network);
  void deleteNetwork(ModelNetwork& network);
  void emit(const char* action, const ModelContainer& container, int signal = 0);
  void emitNetwork(const char* action, const NetworkId& id, const char* type,
                   const ModelContainer* container = nullptr);

  // dockerd's API
  void connect();
  void disconnect();
  void deliver();
  void onSigusr2(const StreamEvent& event);
  void answer(unsigned which);  // dockerd answers; or an answer that is on its way arrives
  void answer(std::uint64_t call);
  void fail(std::uint64_t call);
  std::optional<Result<docker::Answer>> answerOf(const docker::Question& question) const;
  void noteReport(const Asked& asked, const core::ContainerReport& report);
  void apply(docker::Reaction reaction);
  void listOn();  // begins a full list, or goes on with it
  void listWhole();
  void timeOut();

  // what goes wrong
  void interfere(const Event& event);
  void loseLeftovers(const std::string& bridge);
  void restart(unsigned which, unsigned how);
  void kernelNews();

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
  bool allDrained(const Prefix& vip) const;
  core::Facts& facts() { return controller_->facts(); }

  std::string readiness() const;
  void checkAnnounced() const;
  void checkLikeFresh() const;
  void checkAtRest();
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
  bool following_ = true;  // the event stream is connected
  std::deque<StreamEvent> stream_;
  std::map<std::uint64_t, Asked> questions_;
  std::map<ContainerId, std::uint64_t> events_;    // delivered to this controller
  std::map<ContainerId, std::string> told_;        // which run this controller takes it to be in
  std::set<ContainerId> answered_;                 // and an answer of dockerd's said so
  std::set<ContainerId> unsure_;                   // notified of a drain that may be of another run
  std::map<ContainerId, core::TimePoint> drainedAt_;  // in this run
  // Since before the controller died these serve, and nothing happened to them.
  std::set<std::pair<ContainerId, std::size_t>> steady_;
  std::set<std::string> news_;  // bridges that somebody else changed
};

}  // namespace bgplb::test
