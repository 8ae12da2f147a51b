#pragma once
// Holds the desired announcements and makes BIRD announce them. The setters only change the desired
// state; publish() writes the files that differ, sends `configure` and waits for the result.
// Changes made meanwhile share the next `configure`. BirdRouting's coroutine calls publish().
// Supervisor reports the start, the graceful-restart recovery and the end of BIRD.

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

  // Reads the files of the previous controller: BIRD may still announce their prefixes. `onChange`
  // is called when due() may have become earlier.
  Publisher(boost::asio::io_context& context, const RunPaths& paths, Command command,
            std::function<void()> onChange);

  // Called when mayBeAnnounced() has become false for some prefix.
  void onConfirmed(std::function<void()> callback) { onConfirmed_ = std::move(callback); }

  // ---- the desired state
  // False if the file has not changed.
  bool setMainFile(std::string text, std::uint32_t localAs);
  // Every desired prefix is known. Until then an adopted BIRD keeps its routes, except withdrawn
  // ones.
  void routesComplete();
  void announce(const Prefix& prefix, const core::RouteAttributes& attributes);
  void withdraw(const Prefix& prefix);
  // True if the prefix is desired, or if BIRD may still export it or peers may still hold it.
  bool mayBeAnnounced(const Prefix& prefix) const;

  // ---- while BIRD runs
  // When publish() must be called: never if nothing has changed, at once for a withdrawal.
  Clock::time_point due() const;
  // True: BIRD has read a new main file, so its protocols may have changed.
  Task<bool> publish();

  // ---- start and end of BIRD
  bool hasMainFile() const { return !main_.empty(); }
  bool areRoutesComplete() const { return routesComplete_; }
  // The largest number of routes that BIRD may have to read.
  std::size_t routeCount() const { return wanted_.size() + unconfirmed_.size(); }
  bool hasFormerFiles() const { return !files_.onDisk().main.empty(); }

  // Peers may hold routes that this controller does not know.
  void peersMayHoldAnything() { anyMayBeHeld_ = true; }
  // Writes the files for a BIRD that starts. False: problem() has the reason.
  bool writeFiles();
  // BIRD does not run, and no peer keeps stale routes (RFC 4724): every prefix that is not in the
  // files counts as withdrawn.
  void noSessionIsUp();
  // BIRD does not start because of `reason`. True: the last accepted main file has been restored,
  // so another start may succeed.
  bool refusedAtStart(const Error& reason);
  // BIRD runs and has read the files. `recovering`: BIRD defers its exports until the
  // graceful-restart recovery (RFC 4724) has ended.
  void started(bool recovering);
  // A BIRD that a previous controller started runs; its recovery may still be in progress.
  void adopted();
  void recoveryEnded();
  // BIRD has closed its sessions with Cease.
  void sessionsClosed();

  // ---- for status
  const std::string& problem() const { return problem_.text(); }
  // BIRD's reason for refusing the desired configuration; empty: BIRD has not refused it.
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

  // The desired state.
  std::string main_;
  Announcements wanted_;
  bool routesComplete_ = false;
  bool dirty_ = false;  // the desired state may differ from BIRD's

  // Not desired, but BIRD may still export these prefixes, or peers may still hold them.
  std::set<Prefix> unconfirmed_;
  // The part of unconfirmed_ that BIRD has removed while its recovery defers the withdrawals.
  std::set<Prefix> recoveringWithdrawn_;
  std::set<Prefix> withdrawnInFiles_;  // not in the files that BIRD reads at its start
  bool anyMayBeHeld_ = false;

  // Until the routes are complete: the files that the adopted BIRD has read, and the prefixes that
  // have been withdrawn from them.
  std::optional<FileSet> former_;
  std::set<Prefix> formerWithdrawn_;

  bool recovering_ = false;
  std::string refusedMain_;  // BIRD refused it; the last accepted main file is used instead
  std::string refused_;
  std::uint64_t reconfigurations_ = 0;
  Clock::time_point retryAt_;    // after a failure; a change retries at once
  Clock::time_point notBefore_;  // of the next announcement
  Clock::duration pacing_{0};    // minimum pause between two `configure` when many follow in a row
  Clock::time_point reconfiguredAt_;
};

}  // namespace bgplb::bird
