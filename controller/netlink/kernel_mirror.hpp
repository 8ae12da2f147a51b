#pragma once
// Keeps the mirror of the kernel true: dumps the kernel's state, folds every notification into it,
// and dumps again when notifications were lost. RtnlKernel owns it; the actions read it.
//
// A dump of thousands of networks takes hundreds of milliseconds, so it runs on a thread of its own
// (dump.hpp), at a bounded pace (refresh_pacer.hpp). Until it is finished, the mirror is used as it
// is. That is safe: every request names what it expects, so the kernel refuses an action that a
// wrong mirror led to, and an announcement waits for a route that the mirror shows.

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
  // Networks of ours that another program changed; whether an address of this host, a link by which
  // this host is reached, or a foreign route has changed. Called from the event loop, never from
  // inside a call.
  using OnChange = std::function<void(std::set<std::string> bridges, bool addressesOrUplink)>;

  // `receiveBuffer` as for Monitor::open(). Must live until `io` is run no more.
  KernelMirror(boost::asio::io_context& io, OnChange onChange, int receiveBuffer);
  KernelMirror(const KernelMirror&) = delete;
  KernelMirror& operator=(const KernelMirror&) = delete;
  ~KernelMirror();

  // Opens the sockets, dumps everything (the caller waits for it) and begins to watch. What changes
  // meanwhile is reported.
  Result<void> start();

  const Mirror& state() const { return mirror_; }
  int monitorFd() const { return monitor_.fd(); }

  // Folds the notifications that are waiting: each request's effects are among them as soon as the
  // kernel has acknowledged it.
  void catchUp();
  // Brackets the requests of one action about `bridge`, so that our own effects are not reported as
  // changes of another program: `done` is the action, null if it failed.
  void beginAction(const std::string& bridge);
  void endAction(const std::string& bridge, const core::Action* done);
  // The removal of this link has been accepted; its notification comes later. Until then, or until
  // the next dump, the link is not shown.
  void assumeRemoved(const Link& link);

  // Compares the next hops on that link with the kernel's, at once: a dump of one link's next hops
  // fits into one datagram, so no change can interrupt it.
  void verifyNextHops(const std::string& bridge);
  // The mirror may be wrong: dumps the kernel's state in the background, as soon as the pace allows
  // and until a dump succeeds.
  void refreshSoon();
  // A routine check: one such dump.
  void resync();
  // Called after each such dump.
  void onRefreshed(std::function<void()> callback) { onRefreshed_ = std::move(callback); }
  std::uint64_t dumps() const { return dumps_; }  // begun since the program's start
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
  void noteProblem(const Result<void>& outcome);
  void report();
  void deliver();

  boost::asio::io_context& io_;
  OnChange onChange_;
  int receiveBuffer_;
  std::function<void()> onRefreshed_;
  std::shared_ptr<Socket> dumpSocket_ = std::make_shared<Socket>();  // the background thread's
  Socket querySocket_;
  Monitor monitor_;
  boost::asio::posix::stream_descriptor readable_;  // the monitor's descriptor; the monitor owns it
  bool monitorFailed_ = false;
  boost::asio::steady_timer reopenTimer_;

  Mirror mirror_;
  std::set<int> removing_;   // links whose removal has been accepted, until it is notified
  bool stale_ = false;       // notifications were lost since the last dump began
  bool refreshing_ = false;  // refresh() is running
  std::optional<std::vector<Notification>> sinceDumpBegan_;  // not yet folded into its mirror
  RefreshPacer pacer_;
  boost::asio::steady_timer refreshTimer_;
  std::uint64_t dumps_ = 0;
  std::string problem_;

  Changes pending_;  // to be reported
  bool posted_ = false;
  bool acting_ = false;        // between beginAction() and endAction()
  Changes seen_;               // meanwhile
  std::set<std::string> own_;  // bridges that our own actions changed since the last report
  std::map<std::string, core::KernelNetwork> expected_;  // and their state if nobody else did
};

}  // namespace bgplb::netlink
