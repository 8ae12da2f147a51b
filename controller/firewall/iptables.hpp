#pragma once
// Keeps our rules in the host's packet filter by running the iptables programs, which dockerd uses
// as well: each must be able to read the rules of the other. Implements the port Firewall, called
// by the reconciler. Owns the nft tables, ForeignTables, TableWatch and ToolRunner.
//
// iptables has two flavours that do not show each other's rules. The kernel applies the rules of
// both: an ACCEPT in one does not override a DROP in the other. Our rules are in the same flavour
// as Docker's (in both, if dockerd was switched from one to the other and left its chains behind).
//
// At most one pass runs at a time, in the background: it lists the tables, compares, changes only
// the differences and lists again. A pass runs when the reconciler requests it, when a failure is
// retried, and when another program has changed the packet filter (if the kernel sends a
// notification, see table_watch.hpp). A pass logs its changes, and a problem when it begins and
// when it ends.

#include "base/backoff.hpp"
#include "base/result.hpp"
#include "firewall/entry_table.hpp"
#include "firewall/foreign_tables.hpp"
#include "firewall/host_rules.hpp"
#include "firewall/iptables_programs.hpp"
#include "firewall/loop_guard.hpp"
#include "firewall/mss_clamp.hpp"
#include "firewall/nft_table.hpp"
#include "firewall/rules.hpp"
#include "firewall/side_table.hpp"
#include "firewall/table_watch.hpp"
#include "firewall/tool_runner.hpp"
#include "io/task.hpp"
#include "reconcile/ports.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace bgplb::firewall {

struct FirewallStatus {
  std::string flavour;  // "nft", "legacy", "nft+legacy"; empty: our rules are in neither
  bool v4 = false;      // our IPv4 rules are installed
  bool v6 = false;
  std::string problem;  // empty: none
  bool marks = false;   // connections keep their backend (host_rules.hpp)
  std::string marksProblem;
  std::string obstacles;          // tables that stop packets to VIPs (nft_listing.hpp)
  std::string protectionProblem;  // why packets that host_rules.hpp drops may pass; empty: none
  friend bool operator==(const FirewallStatus&, const FirewallStatus&) = default;
};

// Chooses the flavours for our rules among those in `seen`. The first match decides: the flavours
// with Docker's chains; those in `fallback` (for IPv6: the flavours chosen for IPv4); those that
// filter forwarded packets; nft if it is in `seen`; legacy.
std::vector<Flavour> choose(const std::map<Flavour, FilterTable>& seen,
                            const std::vector<Flavour>& fallback);

class Iptables : public reconcile::Firewall {
 public:
  static constexpr std::chrono::seconds kToolDeadline{10};

  // Must outlive the last run of `io`. `onStatus` is called after each pass. A program that runs
  // longer than `toolDeadline` is killed. `instance`: changes only the chain and the tables of that
  // instance of the plugin.
  explicit Iptables(boost::asio::io_context& io, std::function<void()> onStatus = {},
                    std::chrono::milliseconds toolDeadline = kToolDeadline,
                    core::Instance instance = core::Instance{});
  Iptables(const Iptables&) = delete;
  Iptables& operator=(const Iptables&) = delete;

  void ensure(bool wanted) override;
  void filterSources(const std::set<std::string>& links) override;

  // Also protects BIRD's port, while the plugin runs and after it has ended. Runs in the
  // background. Changes nothing before the first ensure().
  void guardListener(const Listener& listener);

  // `source` returns what to guard against loops (loop_guard.hpp). Called in each pass.
  void guard(std::function<GuardedTraffic()> source);
  // `source` returns the MSS limits of the VIPs (mss_clamp.hpp). Called in each pass.
  void clampMss(std::function<SegmentLimits()> source);

  const FirewallStatus& status() const { return status_; }
  std::string mssProblem() const { return mssClamp_.problem(); }  // empty: none
  bool busy() const { return running_; }  // a pass is running or about to run

 private:
  // The filter tables of one family. A failure in one flavour does not prevent the changes in the
  // other.
  struct TableState {
    std::map<Flavour, FilterTable> tables;
    std::vector<Flavour> chosen;  // the flavours that must contain our rules
    std::vector<Error> errors;
  };

  Task<> run();
  Task<> reconcileTables(bool wanted);
  Task<TableState> reconcileFamily(Family family, bool wanted, std::vector<Flavour> fallback);
  Task<TableState> poll(Family family, bool wanted);
  Task<Result<FilterTable>> list(Family family, Flavour flavour);
  Task<Result<void>> reconcileTable(Family family, Flavour flavour, FilterTable table, bool wanted);
  // By nft, otherwise by iptables. False: `status` has the problem, and another attempt may
  // succeed.
  Task<bool> reconcileHostRules(bool wanted, FirewallStatus& status);
  Task<std::string> obstacles(bool wanted);
  void publish(FirewallStatus status);
  void retryLater();
  void onTableChange();

  boost::asio::io_context& io_;
  std::function<void()> onStatus_;
  core::Instance instance_;
  ToolRunner tools_;
  NftTable hostTable_{tools_, instance_.table()};
  EntryTable entryTable_{tools_, instance_};  // without nft
  SideTable loopGuard_{tools_, instance_.table() + "_loops", "loop guard",
                       "packets for a VIP without a backend may loop between the router and this "
                       "host"};
  SideTable mssClamp_{tools_, instance_.table() + "_mss", "MSS limit",
                      "connections of clients behind a link with a small MTU may hang"};
  ForeignTables foreign_{tools_};
  std::function<GuardedTraffic()> guarded_;
  boost::asio::steady_timer retry_;
  Backoff backoff_;
  TableWatch watch_;
  boost::asio::steady_timer debounce_;
  bool debouncing_ = false;
  std::chrono::steady_clock::duration passTook_{0};  // duration of the last pass
  bool wanted_ = false;
  bool decided_ = false;            // ensure() was called
  std::set<std::string> loosened_;  // links of filterSources()
  std::optional<Listener> listener_;
  bool due_ = false;
  bool running_ = false;
  FirewallStatus status_;
  // Our rules as iptables listed them directly after we installed them.
  std::map<std::pair<Family, Flavour>, std::vector<std::string>> asListed_;
};

}  // namespace bgplb::firewall
