#include "firewall/iptables.hpp"

#include "base/log.hpp"
#include "io/spawn.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

namespace bgplb::firewall {

namespace {

constexpr std::chrono::seconds kFirstRetry{1};
constexpr std::chrono::seconds kLongestRetry{60};
constexpr std::chrono::milliseconds kDebounce{300};
constexpr int kRounds =
    3;  // attempts; dockerd may change the table between our list and our change

std::string names(const std::vector<Flavour>& flavours) {
  std::string text;
  for (const Flavour flavour : flavours) {
    text += (text.empty() ? "" : "+") + std::string(nameOf(flavour));
  }
  return text;
}

}  // namespace

std::vector<Flavour> choose(const std::map<Flavour, FilterTable>& seen,
                            const std::vector<Flavour>& fallback) {
  std::vector<Flavour> docker;
  std::vector<Flavour> before;
  std::vector<Flavour> filtering;
  for (const auto& [flavour, table] : seen) {
    if (table.docker) docker.push_back(flavour);
    if (std::find(fallback.begin(), fallback.end(), flavour) != fallback.end()) {
      before.push_back(flavour);
    }
    if (!table.isBare()) filtering.push_back(flavour);
  }
  for (const auto& candidates : {docker, before, filtering}) {
    if (!candidates.empty()) return candidates;
  }
  if (seen.empty()) return {};
  return {seen.begin()->first};
}

Iptables::Iptables(boost::asio::io_context& io, std::function<void()> onStatus,
                   std::chrono::milliseconds toolDeadline, core::Instance instance)
    : io_(io),
      onStatus_(std::move(onStatus)),
      instance_(instance),
      tools_(toolDeadline, [this] { ensure(wanted_); }),
      retry_(io),
      backoff_(kFirstRetry, kLongestRetry),
      watch_(io, [this] { onTableChange(); }),
      debounce_(io) {}

// Debounce: dockerd changes many rules in a row. Wait at least ten times the duration of the last
// pass, so that checking never uses more than a tenth of a CPU.
void Iptables::onTableChange() {
  if (!wanted_ || std::exchange(debouncing_, true)) return;
  debounce_.expires_after(std::max<std::chrono::steady_clock::duration>(kDebounce, passTook_ * 10));
  debounce_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    debouncing_ = false;
    if (wanted_) ensure(true);
  });
}

void Iptables::ensure(bool wanted) {
  if (wanted && !watch_.isOpen()) {
    // Opened before the first list, so that no change is missed. Without the watch, only the
    // reconciler and retries trigger a pass.
    if (const auto opened = watch_.open(); !opened) log::debug("{}", opened.error().message);
  }
  wanted_ = wanted;
  decided_ = true;
  due_ = true;
  retry_.cancel();
  if (running_ || tools_.isStuck()) return;
  running_ = true;
  io::spawn(io_.get_executor(), run(), "firewall");
}

void Iptables::filterSources(const std::set<std::string>& links) {
  if (loosened_ == links) return;
  loosened_ = links;
  if (decided_) ensure(wanted_);
}

void Iptables::guardListener(const Listener& listener) {
  if (listener_ == listener) return;
  listener_ = listener;
  if (decided_) ensure(wanted_);
}

void Iptables::guard(std::function<GuardedTraffic()> source) {
  guarded_ = std::move(source);
  loopGuard_.setContent([this] { return loopGuardRules(guarded_()); });
}

void Iptables::clampMss(std::function<SegmentLimits()> source) {
  mssClamp_.setContent([source = std::move(source)] { return mssClampRules(source()); });
}

Task<> Iptables::run() {
  while (due_ && !tools_.isStuck()) {
    due_ = false;
    const auto began = std::chrono::steady_clock::now();
    co_await reconcileTables(wanted_);
    passTook_ = std::chrono::steady_clock::now() - began;
  }
  running_ = false;
}

Task<> Iptables::reconcileTables(bool wanted) {
  std::vector<Flavour> fallback;
  const TableState v4 = co_await reconcileFamily(Family::V4, wanted, fallback);
  TableState v6;
  fallback = v4.chosen;
  if (hasIpv6()) v6 = co_await reconcileFamily(Family::V6, wanted, fallback);

  FirewallStatus status{.flavour = names(v4.chosen.empty() ? v6.chosen : v4.chosen),
                        .v4 = !v4.chosen.empty() && v4.errors.empty(),
                        .v6 = !v6.chosen.empty() && v6.errors.empty()};
  bool mayPass = false;
  std::set<std::string>
      problems;  // after a stuck program, all further ones fail with the same text
  for (const TableState& state : {std::cref(v4), std::cref(v6)}) {
    for (const Error& error : state.errors) {
      mayPass = mayPass || error.kind == ErrorKind::Transient;
      if (!problems.insert(error.message).second) continue;
      status.problem += (status.problem.empty() ? "" : "; ") + error.message;
    }
  }
  if (!co_await reconcileHostRules(wanted, status)) mayPass = true;
  co_await loopGuard_.reconcile(wanted);
  co_await mssClamp_.reconcile(wanted);
  status.obstacles = co_await obstacles(wanted);
  publish(std::move(status));
  if (mayPass) {
    retryLater();
  } else {
    backoff_.reset();
  }
}

Task<bool> Iptables::reconcileHostRules(bool wanted, FirewallStatus& status) {
  HostRules host{.vips = wanted, .loosened = loosened_, .listener = listener_};
  std::string rules = hostRules(host);
  const bool protects = !rules.empty();
  const auto nft = co_await hostTable_.reconcile(std::move(rules));
  status.marks = wanted && nft.has_value();
  if (!nft && protects) status.marksProblem = nft.error().message;
  Result<void> dropped = nft;
  // A transient error does not show whether the table is loaded, so the rules for iptables stay.
  if (nft || nft.error().kind != ErrorKind::Transient) {
    if (nft) host = {};
    std::set<Address> vips;
    if (guarded_ && !host.loosened.empty()) {
      GuardedTraffic traffic = guarded_();
      vips = std::move(traffic.vips);
      vips.merge(traffic.foreignVips);
    }
    dropped = co_await entryTable_.reconcile(std::move(host), std::move(vips));
  }
  if (!dropped && protects) status.protectionProblem = dropped.error().message;
  co_return dropped || dropped.error().kind != ErrorKind::Transient;
}

Task<std::string> Iptables::obstacles(bool wanted) {
  if (!wanted) co_return std::string{};
  std::set<Family> families;
  if (guarded_) {
    for (const Address& vip : guarded_().vips) families.insert(vip.family());
  }
  const auto found = co_await foreign_.obstacles(families);
  co_return found ? *found : status_.obstacles;
}

Task<Iptables::TableState> Iptables::reconcileFamily(Family family, bool wanted,
                                                     std::vector<Flavour> fallback) {
  TableState state = co_await poll(family, wanted);
  if (wanted) state.chosen = choose(state.tables, fallback);
  for (const auto& [flavour, table] : state.tables) {
    const bool here =
        std::find(state.chosen.begin(), state.chosen.end(), flavour) != state.chosen.end();
    const auto done = co_await reconcileTable(family, flavour, table, here);
    if (!done) state.errors.push_back(done.error());
  }
  co_return state;
}

// Must not create a table. The legacy table is therefore listed only if it exists, or if rules are
// wanted and the kernel or the host's programs do not support nf_tables.
Task<Iptables::TableState> Iptables::poll(Family family, bool wanted) {
  TableState state;
  const auto nft = co_await list(family, Flavour::Nft);
  if (nft) state.tables.emplace(Flavour::Nft, *nft);
  const bool noNft = !nft && nft.error().kind != ErrorKind::Transient;
  if (!nft && !noNft) state.errors.push_back(nft.error());
  if (!hasLegacyTable(family) && !(wanted && noNft)) co_return state;

  const auto legacy = co_await list(family, Flavour::Legacy);
  if (legacy) {
    state.tables.emplace(Flavour::Legacy, *legacy);
  } else {
    if (noNft) state.errors.push_back(nft.error());
    state.errors.push_back(legacy.error());
  }
  co_return state;
}

Task<Result<FilterTable>> Iptables::list(Family family, Flavour flavour) {
  const auto saved = co_await saveTable(tools_, family, flavour, "filter");
  if (!saved) co_return saved.error();
  co_return parse(*saved, instance_);
}

Task<Result<void>> Iptables::reconcileTable(Family family, Flavour flavour, FilterTable table,
                                            bool wanted) {
  auto& asListed = asListed_[{family, flavour}];
  const std::string name = nameOf(family, flavour);
  for (int round = 0; round < kRounds; ++round) {
    const std::string commands =
        wanted ? planPresent(instance_, family, table, asListed) : planAbsent(instance_, table);
    if (commands.empty()) co_return Result<void>{};
    if (table.incompatible) {
      co_return invalid(name +
                        ": table filter contains native nft rules, which iptables cannot handle");
    }
    const auto changed = co_await restoreTable(tools_, family, flavour, commands);
    if (!changed) co_return changed.error();
    log::info("firewall: {}: {} {}", name, instance_.forwardChain(),
              !wanted ? "removed" : (table.own ? "repaired" : "added to FORWARD"));
    const auto after = co_await list(family, flavour);
    if (!after) co_return after.error();
    // This version of iptables may list our rules in another notation; planPresent() accepts both.
    if (wanted && after->own && after->own->size() == ownRules(family).size()) {
      asListed = *after->own;
    }
    table = *after;
  }
  co_return transient(name + ": another program keeps changing chain FORWARD");
}

void Iptables::publish(FirewallStatus status) {
  if (status.problem != status_.problem) {
    if (status.problem.empty()) {
      log::info("resolved: firewall: {}", status_.problem);
    } else {
      log::warning("firewall: {}; VIPs may be unreachable where the host drops forwarded packets",
                   status.problem);
    }
  }
  if (status.marksProblem != status_.marksProblem) {
    if (status.marksProblem.empty()) {
      log::info("resolved: firewall: connection marks: {}", status_.marksProblem);
    } else {
      log::warning(
          "firewall: connection marks: {}; connections to a VIP with several containers may move "
          "when one of them starts or stops",
          status.marksProblem);
    }
  }
  if (status.obstacles != status_.obstacles) {
    if (status.obstacles.empty()) {
      log::info("resolved: firewall: {}", status_.obstacles);
    } else {
      log::warning("firewall: {}; clients may not reach VIPs", status.obstacles);
    }
  }
  if (status.protectionProblem != status_.protectionProblem) {
    if (status.protectionProblem.empty()) {
      log::info("resolved: firewall: protection: {}", status_.protectionProblem);
    } else {
      log::warning(
          "firewall: protection: {}; connections to BIRD's port and forged packets of containers "
          "may pass",
          status.protectionProblem);
    }
  }
  status_ = std::move(status);
  if (onStatus_) onStatus_();
}

void Iptables::retryLater() {
  retry_.expires_after(backoff_.next());
  retry_.async_wait([this](const boost::system::error_code& error) {
    if (!error) ensure(wanted_);
  });
}

}  // namespace bgplb::firewall
