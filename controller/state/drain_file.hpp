#pragma once
// The state file, STATE_DIR/drains.json: what neither Docker nor the kernel can report again, which
// is only the drains under way. Version 1:
//
//   {"version":1,"drains":[{"container":"<id>","startedAt":"<State.StartedAt>",
//     "terminateAt":<ms since 1970>,"terminate":true,"terminated":false}]}
//
// Written whole and renamed, without fsync: the file outlives this program, and after the death of
// the machine no container of that run exists. A thread writes it, for the disk may hang.

#include "io/background_file.hpp"
#include "reconcile/ports.hpp"

#include <boost/asio/any_io_executor.hpp>

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
  DrainFile(boost::asio::any_io_executor executor, std::string path);

  // At start, before anything else runs: reads the file, and waits for the disk. None if there is
  // no file. A file that cannot be parsed is kept aside (".corrupt").
  Result<Drains> load();
  void saveDrains(const Drains& drains, std::function<void(Result<void>)> done) override;
  // Waits for the last write, at most until `by`.
  Task<> saved(std::chrono::steady_clock::time_point by);

 private:
  std::string path_;
  std::function<void(Result<void>)> done_;  // of the last request
  io::BackgroundFile file_;
};

}  // namespace bgplb::state
