#pragma once
// A host in a storm: dockerd's calls, the engine's events and answers, the kernel's and the routing
// daemon's news reach the controller in any order, late or never; calls fail, the controller dies.
// An event is a value that means something in every situation (or nothing), so that a sequence of
// them can be cut short and still be run.

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
  Deliver, Ask, BreakStream, List,                                         // the engine
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
  struct EngineEvent {
    Kind kind;
    ContainerId id;
    unsigned run = 0;
    int signal = 0;
    NetworkId network{};
  };
  struct Listing {
    std::vector<core::NetworkReport> networks{};
    std::set<NetworkId> ours{};
    std::optional<std::set<ContainerId>> running{};  // empty: asked for the networks only
    core::EventCounts whenAsked{};
    std::deque<ContainerId> toAsk{};
    std::optional<ContainerId> waitsFor{};
  };
  struct Question {
    std::uint64_t eventsBefore = 0;
    std::optional<core::ContainerReport> answer{};  // empty: the engine has not answered yet
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
  void tell(Kind kind, const ModelContainer& container, int signal = 0, const NetworkId& network = {});

  // the engine's words
  void deliver();
  void onContainer(const EngineEvent& event);
  bool ask(const ContainerId& id);  // false: asked already
  void answer(unsigned which);
  bool isLocked(const ContainerId& id);
  std::uint64_t eventsOf(const ContainerId& id);
  void listOn();  // begins a full list, or goes on with it
  void endList();
  void listWhole();

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

  bool following_ = true;  // the event stream stands
  std::deque<EngineEvent> stream_;
  std::map<ContainerId, Question> questions_;  // asked, not answered
  std::optional<Listing> listing_;
  std::map<ContainerId, std::string> told_;  // which run this controller takes it to be in
  std::set<ContainerId> answered_;           // and it was the engine's answer that said so
  std::set<ContainerId> unsure_;             // told of a drain that may be of another run
  bool networksTold_ = false;                // this controller has read a list of the networks
  bool listed_ = false;  // this controller has read a full list
  std::set<std::string> news_;  // bridges that somebody else changed
};

}  // namespace bgplb::test
