#pragma once
// Keeps our rules in the host's packet filter, by iptables' own programs: dockerd uses them too,
// and what one writes the other must be able to read.
//
// iptables comes in two flavours that do not see each other's rules, while the kernel applies both:
// an ACCEPT in one does not undo a DROP in the other. Ours stand where Docker's do (in both, if
// dockerd was moved from one to the other and left its chains behind).
//
// One pass at a time runs in the background: list the tables, compare, change only what differs,
// list again. A pass is run when the reconciler wants one, and when somebody changed the packet
// filter (where the kernel notifies of it). Passes log changes, and a failure when it begins and
// ends.

#include "base/backoff.hpp"
#include "base/result.hpp"
#include "firewall/flow_marks.hpp"
#include "firewall/rules.hpp"
#include "firewall/table_watch.hpp"
#include "firewall/tool_runner.hpp"
#include "io/task.hpp"
#include "reconcile/ports.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace bgplb::firewall {

struct FirewallStatus {
  std::string flavour;  // "nft", "legacy", "nft+legacy"; empty: no rules of ours
  bool v4 = false;      // our rules are in place
  bool v6 = false;
  std::string problem;  // empty: none
  bool marks = false;   // connections keep their backend (flow_marks.hpp)
  std::string marksProblem;
  friend bool operator==(const FirewallStatus&, const FirewallStatus&) = default;
};

enum class Flavour { Nft, Legacy };

// Where rules of ours belong, of the flavours that were `seen`: where Docker's are; else in
// `fallback` (for IPv6: where IPv4's are); else where anything is filtered; else in nft.
std::vector<Flavour> choose(const std::map<Flavour, FilterTable>& seen,
                            const std::vector<Flavour>& fallback);

class Iptables : public reconcile::Firewall {
 public:
  // Must live until `io` is run no more. `onStatus` is called after each pass. A program that is
  // not done after `toolDeadline` is killed.
  explicit Iptables(boost::asio::io_context& io, std::function<void()> onStatus = {},
                    std::chrono::milliseconds toolDeadline = std::chrono::seconds(10));
  Iptables(const Iptables&) = delete;
  Iptables& operator=(const Iptables&) = delete;

  void ensure(bool wanted) override;

  const FirewallStatus& status() const { return status_; }
  bool busy() const { return running_; }  // a pass is running or about to run

 private:
  // The filter tables of one family: what they contain, which of them our rules belong in, what
  // went wrong. A failure with one flavour does not stop the work in the other.
  struct TableState {
    std::map<Flavour, FilterTable> tables;
    std::vector<Flavour> chosen;
    std::vector<Error> errors;
  };

  Task<> run();
  Task<> reconcileTables(bool wanted);
  Task<TableState> reconcileFamily(Family family, bool wanted, std::vector<Flavour> fallback);
  Task<TableState> poll(Family family, bool wanted);
  Task<Result<FilterTable>> list(Family family, Flavour flavour);
  Task<Result<void>> reconcileTable(Family family, Flavour flavour, FilterTable table, bool wanted);
  Task<Result<void>> restore(Family family, Flavour flavour, std::string commands);
  void publish(FirewallStatus status);
  void retryLater();
  void onTableChange();

  boost::asio::io_context& io_;
  std::function<void()> onStatus_;
  ToolRunner tools_;
  FlowMarks marks_{tools_};
  boost::asio::steady_timer retry_;
  Backoff backoff_;
  TableWatch watch_;
  boost::asio::steady_timer debounce_;
  bool debouncing_ = false;
  std::chrono::steady_clock::duration passTook_{0};
  bool wanted_ = false;
  bool due_ = false;
  bool running_ = false;
  FirewallStatus status_;
  // Our rules as an iptables listed them right after it had taken them from us.
  std::map<std::pair<Family, Flavour>, std::vector<std::string>> asListed_;
};

}  // namespace bgplb::firewall
