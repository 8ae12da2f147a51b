#include "firewall/iptables_programs.hpp"

#include "io/file.hpp"
#include "io/process.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>
#include <vector>

namespace bgplb::firewall {

namespace {

// How long iptables-legacy waits for the xtables lock, in seconds. dockerd may hold the lock for
// long while it starts.
constexpr const char* kLockWait = "5";

}  // namespace

const char* nameOf(Flavour flavour) { return flavour == Flavour::Nft ? "nft" : "legacy"; }

std::string nameOf(Family family, Flavour flavour) {
  return fmt::format("{}-{}", family == Family::V4 ? "iptables" : "ip6tables", nameOf(flavour));
}

bool hasLegacyTable(Family family, const char* table) {
  const auto made = io::readFile(family == Family::V4 ? "/proc/thread-self/net/ip_tables_names"
                                                      : "/proc/thread-self/net/ip6_tables_names");
  return made && ("\n" + *made).find(fmt::format("\n{}\n", table)) != std::string::npos;
}

bool hasIpv6() { return access("/proc/thread-self/net/if_inet6", F_OK) == 0; }

Task<Result<std::string>> saveTable(ToolRunner& tools, Family family, Flavour flavour,
                                    const char* table) {
  const std::string name = nameOf(family, flavour) + "-save";
  std::vector<std::string> argv{name, "-t", table};
  std::string input;
  const auto finished = co_await tools.run(std::move(argv), std::move(input));
  if (!finished) co_return finished.error();
  if (finished->status != 0) co_return invalid(name + ": " + io::errorText(*finished));
  co_return finished->out;
}

Task<Result<void>> restoreTable(ToolRunner& tools, Family family, Flavour flavour,
                                std::string commands) {
  const std::string name = nameOf(family, flavour) + "-restore";
  std::vector<std::string> argv{name, "--noflush", "-w", kLockWait};
  const auto finished = co_await tools.run(std::move(argv), std::move(commands));
  if (!finished) co_return finished.error();
  if (finished->status != 0) co_return transient(name + ": " + io::errorText(*finished));
  co_return Result<void>{};
}

}  // namespace bgplb::firewall
