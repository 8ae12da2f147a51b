#include "firewall/nft_table.hpp"

#include "base/log.hpp"
#include "core/link_names.hpp"
#include "io/process.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace bgplb::firewall {

namespace {

constexpr const char* kTable = "inet bgplb";
constexpr unsigned kBits = 8;  // bits of a slot

std::string mark(unsigned bits) {
  return fmt::format("{:#010x}", std::uint32_t{bits} << core::kSlotMarkShift);
}

// The mask of the bits of a mark that belong to other programs.
std::string othersMask() { return fmt::format("{:#010x}", ~core::kSlotMarkMask); }
std::string mask() { return fmt::format("{:#010x}", core::kSlotMarkMask); }

std::string restoreChain() {
  std::string rules = fmt::format(
      "  chain restore {{\n"
      "    ct mark & {0} == 0 accept\n"
      "    ct direction reply accept\n"
      // The common case, no other program's bits in the packet mark: one step instead of kBits.
      "    meta mark & {1} == 0 meta mark set ct mark & {0} accept\n"
      "    meta mark set meta mark & {1}\n",
      mask(), othersMask());
  for (unsigned bit = 0; bit < kBits; ++bit) {
    const std::string one = mark(1U << bit);
    rules += fmt::format("    ct mark & {0} == {0} meta mark set meta mark | {0}\n", one);
  }
  return rules + "  }\n";
}

// `low`: the format of an address whose last byte is the argument and whose other bytes are zero.
std::string learnChain(const char* name, const char* hop, const char* network, const char* low) {
  std::string rules =
      fmt::format("  chain {} {{\n    rt {} nexthop != {} accept\n", name, hop, network);
  for (unsigned bit = 0; bit < kBits; ++bit) {
    const std::string one = fmt::format(fmt::runtime(low), 1U << bit);
    rules += fmt::format("    rt {0} nexthop & {1} == {1} ct mark set ct mark | {2}\n", hop, one,
                         mark(1U << bit));
  }
  return rules + "  }\n";
}

// Docker accepts any characters in the name of a bridge; a name with others than these must not
// become a part of the rules.
bool isPlain(const std::string& link) {
  return std::all_of(link.begin(), link.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  });
}

std::string entryChain(const std::set<std::string>& loosened) {
  std::string links;
  for (const auto& link : loosened) {
    if (isPlain(link)) links += fmt::format("{}\"{}\"", links.empty() ? "" : ", ", link);
  }
  std::string rules = fmt::format(
      "  chain entry {{\n"
      "    type filter hook prerouting priority raw; policy accept;\n"
      "    iifname \"{}*\" drop\n",
      core::kBridgePrefix);
  if (!links.empty()) {
    // rp_filter exists for IPv4 only.
    rules += fmt::format(
        "    iifname {{ {} }} meta nfproto ipv4 fib saddr . iif oif missing "
        "fib saddr oifname != \"{}*\" drop\n",
        links, core::kBridgePrefix);
  }
  return rules + "  }\n";
}

std::string markChains() {
  return restoreChain() + learnChain("learn4", "ip", "169.254.77.0/24", "0.0.0.{}") +
         learnChain("learn6", "ip6", "fe80::77:0/120", "::{:x}") +
         fmt::format(
             "  chain prerouting {{\n"
             "    type filter hook prerouting priority mangle; policy accept;\n"
             "    jump restore\n"
             "  }}\n"
             "  chain output {{\n"
             "    type route hook output priority mangle; policy accept;\n"
             "    jump restore\n"
             "  }}\n"
             "  chain postrouting {{\n"
             "    type filter hook postrouting priority mangle; policy accept;\n"
             "    oifname != \"{}*\" accept\n"
             "    ct mark & {} != 0 accept\n"
             "    ct direction reply accept\n"
             "    meta nfproto ipv4 jump learn4\n"
             "    meta nfproto ipv6 jump learn6\n"
             "  }}\n",
             core::kBridgePrefix, mask());
}

// "ip saddr { ... }" and "ip6 saddr { ... }", each with `verdict`; without addresses of a family,
// no rule for it.
std::string forEach(const std::set<Address>& addresses, const char* field, const char* verdict) {
  std::string rules;
  for (const Family family : {Family::V4, Family::V6}) {
    std::string list;
    for (const auto& address : addresses) {
      if (address.family() == family) list += (list.empty() ? "" : ", ") + address.toString();
    }
    if (list.empty()) continue;
    rules += fmt::format("    {} {} {{ {} }} {}\n", family == Family::V4 ? "ip" : "ip6", field,
                         list, verdict);
  }
  return rules;
}

std::string listenerChain(const Listener& listener) {
  std::string rules = fmt::format(
      "  chain listener {{\n"
      "    type filter hook input priority filter; policy accept;\n"
      "    tcp dport {} jump bird\n"
      "  }}\n",
      listener.port);
  std::string own = forEach(listener.addresses, "daddr", "drop");
  for (const Family family : listener.wildcards) {
    own += fmt::format("    meta nfproto ipv{} drop\n", static_cast<int>(family));
  }
  // A chain must be defined before the jump to it.
  return "  chain bird {\n" + forEach(listener.peers, "saddr", "accept") + own + "  }\n" + rules;
}

}  // namespace

std::string nftTable(const NftRules& rules) {
  std::string text = fmt::format(
      "table {0} {{ }}\n"
      "delete table {0}\n"
      "table {0} {{\n",
      kTable);
  if (rules.vips) text += markChains() + entryChain(rules.loosened);
  if (rules.listener) text += listenerChain(*rules.listener);
  return text + "}\n";
}

Task<Result<std::string>> NftTable::nft(std::vector<std::string> arguments, std::string input) {
  arguments.insert(arguments.begin(), "nft");
  const auto finished = co_await tools_.run(std::move(arguments), std::move(input));
  if (!finished) co_return finished.error();
  if (finished->status != 0) co_return invalid("nft: " + io::errorText(*finished));
  co_return finished->out;
}

Task<Result<void>> NftTable::reconcile(NftRules wanted) {
  const std::vector<std::string> list{"list", "table", "inet", "bgplb"};
  const auto found = co_await nft(list);
  if (!found && found.error().kind == ErrorKind::Transient) co_return found.error();
  if (wanted.empty()) {
    asListedByNft_.clear();
    if (!found) co_return Result<void>{};  // the table does not exist, or nft is missing
    const std::vector<std::string> remove{"delete", "table", "inet", "bgplb"};
    const auto removed = co_await nft(remove);
    if (!removed) co_return removed.error();
    log::info("firewall: nft: table {} removed", kTable);
    co_return Result<void>{};
  }
  const std::string rules = nftTable(wanted);
  const bool changed = rules != loaded_;
  if (found && !changed && *found == asListedByNft_) co_return Result<void>{};
  const std::vector<std::string> load{"-f", "-"};
  const auto loaded = co_await nft(load, rules);
  if (!loaded) co_return loaded.error();
  const char* done = asListedByNft_.empty() ? "added" : changed ? "changed" : "repaired";
  log::info("firewall: nft: table {} {}", kTable, done);
  const auto after = co_await nft(list);
  if (!after) co_return after.error();
  loaded_ = rules;
  asListedByNft_ = *after;
  co_return Result<void>{};
}

}  // namespace bgplb::firewall
