#pragma once
// The state file, STATE_DIR/drains.json: what Docker and the kernel cannot tell again, which is only
// the drains under way. Version 1:
//
//   {"version":1,"drains":[{"container":"<id>","startedAt":"<State.StartedAt>",
//     "terminateAt":<ms since 1970>,"terminate":true,"terminated":false}]}
//
// Written whole and renamed, without fsync: it outlives this program, and after the death of the
// machine no container of that run is there.

#include "reconcile/ports.hpp"

#include <string>
#include <string_view>

namespace bgplb::state {

using Drains = std::map<ContainerId, core::FormerDrain>;

// Times of the file are the wall clock's, those in memory the steady clock's.
struct Clocks {
  core::TimePoint steady;
  std::chrono::system_clock::time_point wall;
  static Clocks now();
};

std::string renderDrains(const Drains& drains, const Clocks& clocks);
Result<Drains> parseDrains(std::string_view text, const Clocks& clocks);

class DrainFile : public reconcile::Store {
 public:
  explicit DrainFile(std::string path);

  // None if there is no file. A file that cannot be read as one is kept aside (".corrupt").
  Result<Drains> load();
  Result<void> saveDrains(const Drains& drains) override;

 private:
  std::string path_;
};

}  // namespace bgplb::state
