#pragma once
// Leftovers that no plugin call removes: links of a network that was removed while the plugin was down,
// networks that Swarm forgot on this node, endpoints of a dockerd that was killed. A leftover is removed
// only after two full lists of dockerd's did not contain it, the second one at least kAge after the first:
// a container that is just being started is in no list yet.

#include "core/fold.hpp"
#include "reconcile/ports.hpp"

#include <map>
#include <set>
#include <string>

namespace bgplb::reconcile {

class Garbage {
 public:
  using TimePoint = core::TimePoint;
  static constexpr std::chrono::seconds kAge{50};

  Garbage(core::Facts& facts, Kernel& kernel) : facts_(facts), kernel_(kernel) {}

  // To be called when a full list of dockerd's has been taken into the facts. `inUse`: bridges
  // that still have something to be withdrawn. Returns the networks whose facts changed.
  core::Touched collect(const std::set<std::string>& inUse, TimePoint now);

 private:
  bool isOld(const std::string& what, TimePoint now);
  core::Touched collectEndpoints(TimePoint now);
  core::Touched collectNetworks(TimePoint now);
  void collectLinks(const std::set<std::string>& inUse, TimePoint now);

  core::Facts& facts_;
  Kernel& kernel_;
  std::map<std::string, TimePoint> before_;  // dead at the last call, since
  std::map<std::string, TimePoint> seen_;    // at this one
};

}  // namespace bgplb::reconcile
