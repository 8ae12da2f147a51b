#include "firewall/flow_marks.hpp"

#include "base/log.hpp"
#include "core/link_names.hpp"
#include "io/process.hpp"

#include <fmt/format.h>

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

}  // namespace

std::string flowMarkRules() {
  return fmt::format(
             "table {0} {{ }}\n"
             "delete table {0}\n"
             "table {0} {{\n",
             kTable) +
         restoreChain() + learnChain("learn4", "ip", "169.254.77.0/24", "0.0.0.{}") +
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
             "  }}\n"
             "}}\n",
             core::kBridgePrefix, mask());
}

Task<Result<std::string>> FlowMarks::nft(std::vector<std::string> arguments, std::string input) {
  arguments.insert(arguments.begin(), "nft");
  const auto finished = co_await tools_.run(std::move(arguments), std::move(input));
  if (!finished) co_return finished.error();
  if (finished->status != 0) co_return invalid("nft: " + io::errorText(*finished));
  co_return finished->out;
}

Task<Result<void>> FlowMarks::reconcile(bool wanted) {
  const std::vector<std::string> list{"list", "table", "inet", "bgplb"};
  const auto found = co_await nft(list);
  if (!found && found.error().kind == ErrorKind::Transient) co_return found.error();
  if (!wanted) {
    asListedByNft_.clear();
    if (!found) co_return Result<void>{};  // the table does not exist, or nft is missing
    const std::vector<std::string> remove{"delete", "table", "inet", "bgplb"};
    const auto removed = co_await nft(remove);
    if (!removed) co_return removed.error();
    log::info("firewall: nft: table {} removed", kTable);
    co_return Result<void>{};
  }
  if (found && *found == asListedByNft_) co_return Result<void>{};
  const std::vector<std::string> load{"-f", "-"};
  const auto loaded = co_await nft(load, flowMarkRules());
  if (!loaded) co_return loaded.error();
  log::info("firewall: nft: table {} {}", kTable, asListedByNft_.empty() ? "added" : "repaired");
  const auto after = co_await nft(list);
  if (!after) co_return after.error();
  asListedByNft_ = *after;
  co_return Result<void>{};
}

}  // namespace bgplb::firewall
