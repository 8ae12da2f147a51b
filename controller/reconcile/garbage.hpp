#pragma once
// Removes leftovers that no plugin call removes: links of a network that was removed while the
// plugin was down, networks that Swarm has removed from this node, endpoints of a dockerd that was
// killed. The links of a network that dockerd lists are not leftovers, whichever driver it has. A
// leftover is removed only if two full lists from dockerd do not contain it, the second one at
// least kAge after the first: a container that is being started is in no list yet. The reconciler
// owns it.

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

  // To be called when the facts contain a new full list from dockerd. `inUse`: the bridges that the
  // reconciler still manages. Returns the networks whose facts changed.
  core::Touched collect(const std::set<std::string>& inUse, TimePoint now);

 private:
  bool isOld(const std::string& what, TimePoint now);
  core::Touched collectEndpoints(TimePoint now);
  core::Touched collectNetworks(TimePoint now);
  void collectLinks(const std::set<std::string>& inUse, TimePoint now);

  core::Facts& facts_;
  Kernel& kernel_;
  // Candidate for removal -> when collect() found it first.
  std::map<std::string, TimePoint> before_;  // in the previous call
  std::map<std::string, TimePoint> seen_;    // in this call
};

}  // namespace bgplb::reconcile
