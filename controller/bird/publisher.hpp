#pragma once
// What BIRD is to announce, and bringing BIRD to announce it. A change only sets what is wanted;
// publish() writes the files that differ, sends `configure` and waits for the outcome. What changes
// meanwhile goes together into the next `configure`. BirdRouting's coroutine calls publish();
// Supervisor calls when a BIRD starts, which reads the same files, and when it recovers.

#include "bird/announcements.hpp"
#include "bird/config_files.hpp"
#include "bird/control_client.hpp"
#include "bird/problem.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>

namespace bgplb::bird {

class Publisher {
 public:
  using Clock = std::chrono::steady_clock;

  // Reads the files of a former controller: what it announced may still be announced. `onChange` is
  // called when due() may have become earlier.
  Publisher(boost::asio::io_context& context, const RunPaths& paths, Command command,
            std::function<void()> onChange);

  // Called when mayBeAnnounced() has become false for some prefix.
  void onConfirmed(std::function<void()> callback) { onConfirmed_ = std::move(callback); }

  // ---- what is wanted
  // False if it is what was wanted before.
  bool setMainFile(std::string text, std::uint32_t localAs);
  // Every wanted prefix is known. Before, a BIRD that was adopted keeps the routes that it has, but for
  // those that are withdrawn.
  void routesComplete();
  void announce(const Prefix& prefix, const core::RouteAttributes& attributes);
  void withdraw(const Prefix& prefix);
  // Wanted, or perhaps still exported by BIRD or held by its peers.
  bool mayBeAnnounced(const Prefix& prefix) const;

  // ---- a BIRD that runs
  // When publish() is to be called: never if nothing has changed, at once for a withdrawal.
  Clock::time_point due() const;
  // True: BIRD has a new main file, so that its protocols may have changed.
  Task<bool> publish();

  // ---- the life of BIRD
  bool hasMainFile() const { return !main_.empty(); }
  bool areRoutesComplete() const { return routesComplete_; }
  // How many BIRD may have to read.
  std::size_t routeCount() const { return wanted_.size() + unconfirmed_.size(); }
  bool hasFormerFiles() const { return !files_.onDisk().main.empty(); }

  // Peers may hold routes that this controller does not know.
  void peersMayHoldAnything() { anyMayBeHeld_ = true; }
  // Writes what a BIRD that starts is to read. The reason of a failure is in problem().
  bool writeFiles();
  // BIRD does not run, and no peer waits for it to return: what is not in the files is withdrawn.
  void noSessionIsUp();
  // BIRD does not start because of `reason`. True: the main file that BIRD took last is in place
  // again, and is worth a try.
  bool refusedAtStart(const Error& reason);
  // BIRD runs and has read the files. One that recovers holds its exports back.
  void started(bool recovering);
  // A BIRD that an earlier controller started runs, and may still recover.
  void adopted();
  void recoveryEnded();
  // BIRD has closed its sessions for good.
  void sessionsClosed();

  // ---- for status
  const std::string& problem() const { return problem_.text(); }
  // BIRD's reason for refusing the configuration that is wanted; empty: it took it.
  const std::string& refused() const { return refused_; }
  std::uint64_t reconfigurations() const { return reconfigurations_; }

 private:
  FileSet desiredFiles();
  FileSet formerFiles() const;
  void change();
  void retryLater(const std::string& problem);
  void pace(Clock::time_point began);
  Task<bool> reconfigurationEnds();
  void onRefused(const std::string& reason);
  bool restoreMainFile();
  void birdIsReady(bool recovering);
  void confirm(const std::set<Prefix>& withdrawn);
  void nothingElseIsHeld();

  Command command_;
  std::function<void()> onChange_;
  std::function<void()> onConfirmed_;
  boost::asio::steady_timer pause_;
  ConfigFiles files_;
  Problem problem_;

  // What is wanted.
  std::string main_;
  Announcements wanted_;
  bool routesComplete_ = false;
  bool dirty_ = false;  // something of the above may differ from what BIRD has

  // Not wanted, but BIRD may still export it, or its peers hold it.
  std::set<Prefix> unconfirmed_;
  std::set<Prefix> recoveringWithdrawn_;  // of these: BIRD has withdrawn it, but holds exports back
  std::set<Prefix> withdrawnInFiles_;     // not in the files that BIRD reads at its start
  bool anyMayBeHeld_ = false;

  // Until the routes are complete: what the BIRD of a former controller has read, and what has been
  // withdrawn from that.
  std::optional<FileSet> former_;
  std::set<Prefix> formerWithdrawn_;

  bool recovering_ = false;
  std::string refusedMain_;  // BIRD refused it; the one that BIRD took last is used instead
  std::string refused_;
  std::uint64_t reconfigurations_ = 0;
  Clock::time_point retryAt_;    // after a failure, unless something changes
  Clock::time_point notBefore_;  // the next announcement
  Clock::duration pacing_{0};    // from the end of one `configure` to the next, while they crowd
  Clock::time_point reconfiguredAt_;
};

}  // namespace bgplb::bird
