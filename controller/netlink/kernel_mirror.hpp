#pragma once
// Keeps the mirror of the kernel's state current: dumps the state, folds in every notification, and
// dumps again after notifications were lost. RtnlKernel owns the KernelMirror; LinkActions and
// RouteActions read it.
//
// A dump of thousands of networks takes hundreds of milliseconds. It therefore runs on a background
// thread (dump.hpp), at a limited rate (refresh_pacer.hpp). The mirror stays in use until the dump
// is finished. A wrong mirror is safe: every request names the state that it expects, so the kernel
// refuses an action derived from a wrong mirror, and a VIP is announced only once the mirror shows
// its route.

#include "core/actions.hpp"
#include "io/task.hpp"
#include "netlink/mirror.hpp"
#include "netlink/monitor.hpp"
#include "netlink/refresh_pacer.hpp"
#include "netlink/socket.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace bgplb::netlink {

class KernelMirror {
 public:
  // `bridges` contains only bridges whose network another program changed. Called from the event
  // loop, never from inside one of the functions below.
  using OnChange = std::function<void(const Changes& changes)>;

  // `receiveBuffer` and `peers` as for Monitor::open(). Must outlive the last run of `io`.
  KernelMirror(boost::asio::io_context& io, core::Instance instance, OnChange onChange,
               int receiveBuffer, std::optional<std::set<Address>> peers);
  KernelMirror(const KernelMirror&) = delete;
  KernelMirror& operator=(const KernelMirror&) = delete;
  ~KernelMirror();

  // Opens the sockets, dumps the complete state (blocks) and subscribes to notifications. Changes
  // during the dump are reported.
  Result<void> start();

  const Mirror& state() const { return mirror_; }
  int monitorFd() const { return monitor_.fd(); }

  // Folds in the queued notifications. They include the effects of every request that the kernel
  // has acknowledged.
  void catchUp();
  // Enclose the requests of one action on `bridge`, so that their effects are not reported as
  // changes by another program. `done`: the action, or null if it failed.
  void beginAction(const std::string& bridge);
  void endAction(const std::string& bridge, const core::Action* done);
  // Hides the link until the notification of its removal or the next dump. For a removal that is in
  // progress in the kernel.
  void assumeRemoved(const Link& link);

  // Compares the next hops on the bridge with the kernel's immediately. A dump of one link's next
  // hops fits into one datagram, so no concurrent change can interrupt it.
  void verifyNextHops(const std::string& bridge);
  // Dumps the kernel's state in the background, as soon as RefreshPacer allows, and repeats until a
  // dump succeeds. For a mirror that may be wrong.
  void refreshSoon();
  // Dumps the kernel's state once in the background. For routine checks.
  void resync();
  // Called after each successful background dump.
  void onRefreshed(std::function<void()> callback) { onRefreshed_ = std::move(callback); }
  std::uint64_t dumps() const { return dumps_; }  // complete dumps begun since the program's start
  bool isRefreshing() const { return refreshing_; }

 private:
  void fold(const Notification& change, Changes& changes);
  bool drain(std::size_t limit, Changes& changes);
  void verify(Mirror& mirror, Changes& changes);
  Task<> watch();
  Result<void> reopenMonitor();
  Task<> refresh();
  Task<Result<void>> refreshOnce();
  Task<> takeOver(Mirror& fresh);
  void foldMissed(Mirror& fresh);
  void noteMissed(const std::string& bridge, const Mirror& fresh, Changes& missed) const;
  void swapWith(Mirror& fresh, Changes missed);
  void noteProblem(const Result<void>& outcome);
  void report();
  void deliver();

  boost::asio::io_context& io_;
  OnChange onChange_;
  int receiveBuffer_;
  std::optional<std::set<Address>> peers_;
  std::function<void()> onRefreshed_;
  std::shared_ptr<Socket> dumpSocket_ = std::make_shared<Socket>();  // used by background dumps
  Socket querySocket_;
  Monitor monitor_;
  boost::asio::posix::stream_descriptor readable_;  // monitor_'s descriptor, which monitor_ closes
  bool monitorFailed_ = false;
  boost::asio::steady_timer reopenTimer_;

  Mirror mirror_;            // of the instance
  std::set<int> removing_;   // links whose removal is in progress and not yet notified
  bool stale_ = false;       // notifications were lost since the last dump began
  bool refreshing_ = false;  // refresh() is running
  // Notifications received since the current dump began, to be folded into its mirror.
  std::optional<std::vector<Notification>> sinceDumpBegan_;
  RefreshPacer pacer_;
  boost::asio::steady_timer refreshTimer_;
  std::uint64_t dumps_ = 0;
  std::string problem_;  // logged last; empty: none

  Changes pending_;  // to be reported
  bool posted_ = false;
  bool acting_ = false;  // between beginAction() and endAction()
  Changes changesDuringAction_;
  std::set<std::string> own_;  // bridges that our own actions changed since the last report
  // The state of each such bridge if no other program has changed it.
  std::map<std::string, core::KernelNetwork> expected_;
};

}  // namespace bgplb::netlink
