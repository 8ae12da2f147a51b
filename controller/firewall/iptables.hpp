#pragma once
// Keeps our rules in the host's packet filter, by iptables' own programs: dockerd uses them too,
// and what one writes the other must be able to read.
//
// iptables comes in two flavours that do not see each other's rules, while the kernel applies both:
// an ACCEPT in one does not undo a DROP in the other. Ours stand where Docker's do (in both, if
// dockerd was moved from one to the other and left its chains behind).
//
// One pass at a time runs in the background: look, compare, change only what differs, look again. It
// is run when asked for, and when somebody changed the packet filter (where the kernel tells).
// It logs changes, and a failure when it begins and ends.

#include "base/result.hpp"
#include "firewall/flow_marks.hpp"
#include "firewall/rules.hpp"
#include "firewall/table_watch.hpp"
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
// `otherwise` (for IPv6: where IPv4's are); else where anything is filtered; else in nft.
std::vector<Flavour> choose(const std::map<Flavour, FilterTable>& seen,
                            const std::vector<Flavour>& otherwise);

class Iptables : public reconcile::Firewall {
 public:
  // Must live until `io` is run no more. `onStatus` comes after each pass.
  explicit Iptables(boost::asio::io_context& io, std::function<void()> onStatus = {});
  Iptables(const Iptables&) = delete;
  Iptables& operator=(const Iptables&) = delete;

  void ensure(bool wanted) override;

  const FirewallStatus& status() const { return status_; }
  bool busy() const { return running_; }  // a pass is under way or due at once

 private:
  // Of one family: what was seen, where our rules belong, what went wrong. A failure with one
  // flavour does not stop the work in the other.
  struct Sight {
    std::map<Flavour, FilterTable> tables;
    std::vector<Flavour> chosen;
    std::vector<Error> errors;
  };

  Task<> run();
  Task<> pass(bool wanted);
  Task<Sight> passFamily(Family family, bool wanted, std::vector<Flavour> otherwise);
  Task<Sight> look(Family family, bool wanted);
  Task<Result<FilterTable>> lookAt(Family family, Flavour flavour);
  Task<Result<void>> bringTo(Family family, Flavour flavour, FilterTable table, bool wanted);
  Task<Result<void>> change(Family family, Flavour flavour, std::string commands);
  void conclude(FirewallStatus status, bool again);
  void onTableChange();

  boost::asio::io_context& io_;
  std::function<void()> onStatus_;
  FlowMarks marks_;
  boost::asio::steady_timer retry_;
  std::chrono::seconds retryAfter_;
  TableWatch watch_;
  boost::asio::steady_timer settle_;  // until a look at somebody's change
  bool settling_ = false;
  std::chrono::steady_clock::duration passTook_{0};
  bool wanted_ = false;
  bool due_ = false;
  bool running_ = false;
  FirewallStatus status_;
  // Our rules as an iptables showed them after it had taken them from us.
  std::map<std::pair<Family, Flavour>, std::vector<std::string>> shown_;
};

}  // namespace bgplb::firewall
