#pragma once
// The state file, <state folder>/drains.json: the drains in progress, which are the only state that
// neither Docker nor the kernel can report again after a restart. App owns the DrainFile. Version
// 2:
//
//   {"version":2,"boot":"<boot id>","drains":[{"container":"<id>","startedAt":"<State.StartedAt>",
//     "terminateAt":<ms since boot>,"terminate":true,"terminated":false}]}
//
// The times are not wall-clock times: setting the clock must not end a drain early or extend it. A
// file of another boot has no drains, because a reboot ends all containers.
//
// The file is replaced by rename(2) without fsync(2): it must survive a crash of the program. It
// need not survive a crash of the machine, because that ends all drained containers. A separate
// thread writes the file, because the disk may hang.

#include "io/background_file.hpp"
#include "reconcile/ports.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <string>
#include <string_view>

namespace bgplb::state {

using Drains = std::map<ContainerId, core::FormerDrain>;

// Converts times: the file uses the time since boot, the program uses the steady clock.
struct Clocks {
  core::TimePoint steady;
  std::chrono::milliseconds sinceBoot;
  std::string boot;
  static Clocks now();
};

std::string renderDrains(const Drains& drains, const Clocks& clocks);
// A file of another boot, and a file of version 1, which has wall-clock times, contain no drains.
Result<Drains> parseDrains(std::string_view text, const Clocks& clocks);

class DrainFile : public reconcile::Store {
 public:
  DrainFile(boost::asio::any_io_executor executor, std::string path);

  // Reads the file at start and blocks until the disk has answered. Returns no drains if there is
  // no file. Renames a file that cannot be parsed to "<path>.corrupt".
  Result<Drains> load();
  void saveDrains(const Drains& drains, std::function<void(Result<void>)> done) override;
  // Waits until the last write has ended, at most until `by`.
  Task<> saved(std::chrono::steady_clock::time_point by);

 private:
  std::string path_;
  std::function<void(Result<void>)> done_;  // of the latest saveDrains()
  io::BackgroundFile file_;
};

}  // namespace bgplb::state
