#include "firewall/loop_guard.hpp"

#include "base/log.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace bgplb::firewall {

namespace {

constexpr const char* kTable = "inet bgplb_loops";

bool isPlainName(const std::string& link) {
  return !link.empty() && std::all_of(link.begin(), link.end(), [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '-' || c == '_' || c == ':' || c == '@';
  });
}

bool hasVip(const GuardedTraffic& traffic, Family family) {
  return std::any_of(traffic.vips.begin(), traffic.vips.end(),
                     [family](const Address& vip) { return vip.family() == family; });
}

std::string addressSet(const char* name, const char* type, const std::set<Address>& vips,
                       Family family) {
  std::string elements;
  for (const Address& vip : vips) {
    if (vip.family() != family) continue;
    elements += (elements.empty() ? "" : ", ") + vip.toString();
  }
  if (!elements.empty()) elements = fmt::format("    elements = {{ {} }}\n", elements);
  return fmt::format("  set {} {{\n    type {}\n{}  }}\n", name, type, elements);
}

}  // namespace

std::string loopGuardRules(const GuardedTraffic& traffic) {
  std::string rules;
  for (const auto& link : traffic.links) {
    if (!isPlainName(link)) continue;
    const std::string back = fmt::format("    iifname \"{0}\" oifname \"{0}\"", link);
    if (hasVip(traffic, Family::V4)) {
      rules += back + " ip daddr @vips4 reject with icmp host-unreachable\n";
    }
    // A kernel without IPv6 cannot load the second rule.
    if (hasVip(traffic, Family::V6)) {
      rules += back + " ip6 daddr @vips6 reject with icmpv6 addr-unreachable\n";
    }
  }
  return fmt::format(
      "table {0} {{}}\n"
      "delete table {0}\n"
      "table {0} {{\n"
      "{1}{2}"
      "  chain forward {{\n"
      "    type filter hook forward priority filter - 10; policy accept;\n"
      "{3}"
      "  }}\n"
      "}}\n",
      kTable, addressSet("vips4", "ipv4_addr", traffic.vips, Family::V4),
      addressSet("vips6", "ipv6_addr", traffic.vips, Family::V6), rules);
}

Task<Result<std::string>> LoopGuard::nft(std::vector<std::string> arguments, std::string input) {
  arguments.insert(arguments.begin(), "nft");
  const auto finished = co_await tools_.run(std::move(arguments), std::move(input));
  if (!finished) co_return finished.error();
  if (finished->status != 0) co_return invalid("nft: " + io::errorText(*finished));
  co_return finished->out;
}

Task<Result<void>> LoopGuard::reconcile(GuardedTraffic traffic) {
  // --terse: with thousands of VIPs, listing the elements takes long.
  const std::vector<std::string> list{"--terse", "list", "table", "inet", "bgplb_loops"};
  const auto found = co_await nft(list);
  if (!found && found.error().kind == ErrorKind::Transient) co_return found.error();
  if (traffic.vips.empty() || traffic.links.empty()) {
    loaded_.clear();
    if (!found) co_return Result<void>{};  // the table does not exist, or nft is missing
    const std::vector<std::string> remove{"delete", "table", "inet", "bgplb_loops"};
    const auto removed = co_await nft(remove);
    if (!removed) co_return removed.error();
    log::info("firewall: nft: table {} removed", kTable);
    co_return Result<void>{};
  }
  const std::string rules = loopGuardRules(traffic);
  if (found && *found == asListedByNft_ && rules == loaded_) co_return Result<void>{};
  const std::vector<std::string> load{"-f", "-"};
  std::string input = rules;
  const auto loaded = co_await nft(load, std::move(input));
  if (!loaded) co_return loaded.error();
  log::debug("firewall: nft: table {} loaded: {} VIPs, {} links", kTable, traffic.vips.size(),
             traffic.links.size());
  const auto after = co_await nft(list);
  if (!after) co_return after.error();
  loaded_ = rules;
  asListedByNft_ = *after;
  co_return Result<void>{};
}

}  // namespace bgplb::firewall
