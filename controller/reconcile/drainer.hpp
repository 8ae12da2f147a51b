#pragma once
// Drains under way: SIGTERM when it is due, asked for until the engine has taken it, and all of it
// written down, because nobody could tell it again if this program ended now.

#include "core/facts.hpp"
#include "reconcile/ports.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>

namespace bgplb::reconcile {

class Drainer {
 public:
  using TimePoint = core::TimePoint;

  Drainer(core::Facts& facts, Engine& engine, Store& store);

  void add(const ContainerId& id);  // its drain is in the facts
  void resume(std::map<ContainerId, core::FormerDrain> drains);  // a former run's, at start
  void step(TimePoint now);
  std::optional<TimePoint> due() const;  // of the next SIGTERM

 private:
  bool isOver(const ContainerId& id) const;
  void noteRun(const ContainerId& id, std::string& written);
  void terminate(const ContainerId& id, TimePoint now);
  void onTerminated(const ContainerId& id, const Result<void>& sent);
  void save();

  core::Facts& facts_;
  Engine& engine_;
  Store& store_;
  std::map<ContainerId, std::string> draining_;  // and the start time that was written with it
  std::set<ContainerId> asking_;   // the engine has not answered yet
  std::set<ContainerId> refused_;  // it did not take SIGTERM, and that was said
  bool changed_ = false;
  std::string storeProblem_;
};

}  // namespace bgplb::reconcile
