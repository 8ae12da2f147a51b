#include "firewall/iptables.hpp"

#include "base/log.hpp"
#include "firewall/words.hpp"
#include "io/file.hpp"
#include "io/process.hpp"

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <utility>

namespace bgplb::firewall {

namespace {

constexpr std::chrono::seconds kFirstRetry{1};
constexpr std::chrono::seconds kLongestRetry{60};
constexpr std::chrono::milliseconds kSettle{300};
// The lock that the legacy flavour takes; dockerd may hold it for long while it starts.
constexpr const char* kLockWait = "5";  // seconds
constexpr int kRounds = 3;              // dockerd may write between our look and our change

const char* nameOf(Flavour flavour) { return flavour == Flavour::Nft ? "nft" : "legacy"; }
const char* nameOf(Family family) { return family == Family::V4 ? "iptables" : "ip6tables"; }

std::string program(Family family, Flavour flavour, const char* what) {
  return fmt::format("{}-{}-{}", nameOf(family), nameOf(flavour), what);
}

std::string names(const std::vector<Flavour>& flavours) {
  std::string text;
  for (const Flavour flavour : flavours) {
    text += (text.empty() ? "" : "+") + std::string(nameOf(flavour));
  }
  return text;
}

// The table is only made when somebody asks for it, and asking is all it takes.
bool hasLegacyTable(Family family) {
  const auto made = io::readFile(family == Family::V4 ? "/proc/thread-self/net/ip_tables_names"
                                                      : "/proc/thread-self/net/ip6_tables_names");
  return made && ("\n" + *made).find("\nfilter\n") != std::string::npos;
}

bool hasIpv6() { return access("/proc/thread-self/net/if_inet6", F_OK) == 0; }

}  // namespace

std::vector<Flavour> choose(const std::map<Flavour, FilterTable>& seen,
                            const std::vector<Flavour>& otherwise) {
  std::vector<Flavour> docker;
  std::vector<Flavour> before;
  std::vector<Flavour> filtering;
  for (const auto& [flavour, table] : seen) {
    if (table.docker) docker.push_back(flavour);
    if (std::find(otherwise.begin(), otherwise.end(), flavour) != otherwise.end()) {
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

Iptables::Iptables(boost::asio::io_context& io, std::function<void()> onStatus)
    : io_(io),
      onStatus_(std::move(onStatus)),
      retry_(io),
      retryAfter_(kFirstRetry),
      watch_(io, [this] { onTableChange(); }),
      settle_(io) {}

// Dockerd and its like make many changes in a row; and where a look takes long it must not be all
// that this machine does.
void Iptables::onTableChange() {
  if (!wanted_ || std::exchange(settling_, true)) return;
  settle_.expires_after(std::max<std::chrono::steady_clock::duration>(kSettle, passTook_ * 10));
  settle_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    settling_ = false;
    if (wanted_) ensure(true);
  });
}

void Iptables::ensure(bool wanted) {
  if (wanted && !watch_.isOpen()) {
    // Before the first look: nothing is missed. Without it the rules are looked at now and then.
    if (const auto opened = watch_.open(); !opened) log::debug("{}", opened.error().message);
  }
  wanted_ = wanted;
  due_ = true;
  retry_.cancel();
  if (running_) return;
  running_ = true;
  const auto ended = [](const std::exception_ptr& failure) {
    if (failure) std::rethrow_exception(failure);
  };
  boost::asio::co_spawn(io_, run(), ended);
}

Task<> Iptables::run() {
  while (due_) {
    due_ = false;
    const auto began = std::chrono::steady_clock::now();
    co_await pass(wanted_);
    passTook_ = std::chrono::steady_clock::now() - began;
  }
  running_ = false;
}

Task<> Iptables::pass(bool wanted) {
  std::vector<Flavour> otherwise;
  const Sight v4 = co_await passFamily(Family::V4, wanted, otherwise);
  Sight v6;
  otherwise = v4.chosen;
  if (hasIpv6()) v6 = co_await passFamily(Family::V6, wanted, otherwise);

  FirewallStatus status{.flavour = names(v4.chosen.empty() ? v6.chosen : v4.chosen),
                        .v4 = !v4.chosen.empty() && v4.errors.empty(),
                        .v6 = !v6.chosen.empty() && v6.errors.empty()};
  bool again = false;
  for (const Sight& sight : {std::cref(v4), std::cref(v6)}) {
    for (const Error& error : sight.errors) {
      status.problem += (status.problem.empty() ? "" : "; ") + error.message;
      again = again || error.kind == ErrorKind::Transient;
    }
  }
  const auto marks = co_await marks_.bringTo(wanted);
  status.marks = wanted && marks.has_value();
  if (!marks) status.marksProblem = marks.error().message;
  conclude(std::move(status), again);
}

Task<Iptables::Sight> Iptables::passFamily(Family family, bool wanted,
                                           std::vector<Flavour> otherwise) {
  Sight sight = co_await look(family, wanted);
  if (wanted) sight.chosen = choose(sight.tables, otherwise);
  for (const auto& [flavour, table] : sight.tables) {
    const bool here =
        std::find(sight.chosen.begin(), sight.chosen.end(), flavour) != sight.chosen.end();
    const auto done = co_await bringTo(family, flavour, table, here);
    if (!done) sight.errors.push_back(done.error());
  }
  co_return sight;
}

// Looking makes no table: the legacy one is looked at only if it is there, or if rules are wanted
// and it is all there is (no nf_tables in the kernel, or no program for it).
Task<Iptables::Sight> Iptables::look(Family family, bool wanted) {
  Sight sight;
  const auto nft = co_await lookAt(family, Flavour::Nft);
  if (nft) sight.tables.emplace(Flavour::Nft, *nft);
  const bool noNft = !nft && nft.error().kind != ErrorKind::Transient;
  if (!nft && !noNft) sight.errors.push_back(nft.error());
  if (!hasLegacyTable(family) && !(wanted && noNft)) co_return sight;

  const auto legacy = co_await lookAt(family, Flavour::Legacy);
  if (legacy) {
    sight.tables.emplace(Flavour::Legacy, *legacy);
  } else {
    if (noNft) sight.errors.push_back(nft.error());
    sight.errors.push_back(legacy.error());
  }
  co_return sight;
}

Task<Result<FilterTable>> Iptables::lookAt(Family family, Flavour flavour) {
  io::Command command;
  command.argv = {program(family, flavour, "save"), "-t", "filter"};
  const std::string name = command.argv.front();
  const auto finished = co_await io::run(std::move(command));
  if (!finished) co_return finished.error();
  if (finished->status != 0) co_return invalid(fmt::format("{}: {}", name, words(*finished)));
  co_return parse(finished->out);
}

Task<Result<void>> Iptables::bringTo(Family family, Flavour flavour, FilterTable table,
                                     bool wanted) {
  auto& shown = shown_[{family, flavour}];
  const std::string name = fmt::format("{}-{}", nameOf(family), nameOf(flavour));
  for (int round = 0; round < kRounds; ++round) {
    const std::string commands = wanted ? planPresent(family, table, shown) : planAbsent(table);
    if (commands.empty()) co_return Result<void>{};
    if (table.incompatible) {
      co_return invalid(name +
                        ": table filter has rules of nft's own, which iptables cannot handle");
    }
    const auto changed = co_await change(family, flavour, commands);
    if (!changed) co_return changed.error();
    log::info("firewall: {}: {} {}", name, kChain,
              !wanted ? "removed" : (table.own ? "put right" : "added to FORWARD"));
    const auto after = co_await lookAt(family, flavour);
    if (!after) co_return after.error();
    // Somebody's own words for the same rules are right from now on.
    if (wanted && after->own && after->own->size() == ownRules(family).size()) shown = *after->own;
    table = *after;
  }
  co_return transient(name + ": somebody else keeps changing chain FORWARD");
}

Task<Result<void>> Iptables::change(Family family, Flavour flavour, std::string commands) {
  io::Command command;
  command.argv = {program(family, flavour, "restore"), "--noflush", "-w", kLockWait};
  command.input = std::move(commands);
  const std::string name = command.argv.front();
  const auto finished = co_await io::run(std::move(command));
  if (!finished) co_return finished.error();
  // Lock held, table changed meanwhile: the next look tells what to do.
  if (finished->status != 0) co_return transient(fmt::format("{}: {}", name, words(*finished)));
  co_return Result<void>{};
}

void Iptables::conclude(FirewallStatus status, bool again) {
  if (status.problem != status_.problem) {
    if (status.problem.empty()) {
      log::info("firewall: works again");
    } else {
      log::warning("firewall: {}; VIPs may be unreachable where the host drops forwarded packets",
                   status.problem);
    }
  }
  if (status.marksProblem != status_.marksProblem) {
    if (status.marksProblem.empty()) {
      log::info("firewall: connections are marked again");
    } else {
      log::warning("firewall: {}; connections to a VIP with several containers may move when one of "
                   "them comes or goes",
                   status.marksProblem);
    }
  }
  status_ = std::move(status);
  if (onStatus_) onStatus_();
  if (!again) {
    retryAfter_ = kFirstRetry;
    return;
  }
  retry_.expires_after(retryAfter_);
  retryAfter_ = std::min(retryAfter_ * 2, kLongestRetry);
  retry_.async_wait([this](const boost::system::error_code& error) {
    if (!error) ensure(wanted_);
  });
}

}  // namespace bgplb::firewall
