// iptables-save: the parsed table, written again, parses to the same table. For any filter or raw
// table, one plan installs our rules, one plan removes them, and neither changes a rule of another
// program. `nft list`: tables of iptables and ours are never among those of other programs, and a
// table without rules is no obstacle.

#include "firewall/entry_rules.hpp"
#include "firewall/nft_listing.hpp"
#include "firewall/rules.hpp"

#include "fuzz/fuzz.hpp"
#include "support/iptables_restore.hpp"
#include "support/raw_restore.hpp"

#include <fmt/format.h>

using namespace bgplb;
using namespace bgplb::firewall;

namespace {

constexpr core::Instance kInstance;

std::string saved(const FilterTable& table) {
  std::string text;
  if (table.incompatible) text += "# Table `filter' is incompatible, use 'nft' tool.\n";
  text += "*filter\n";
  if (!table.policy.empty()) text += fmt::format(":FORWARD {} [0:0]\n", table.policy);
  if (table.docker) text += ":DOCKER - [0:0]\n";
  if (table.own) text += fmt::format(":{} - [0:0]\n", kInstance.forwardChain());
  for (const auto& rule : table.forward) text += fmt::format("-A FORWARD {}\n", rule);
  if (table.own) {
    for (const auto& rule : *table.own)
      text += fmt::format("-A {} {}\n", kInstance.forwardChain(), rule);
  }
  return text + "COMMIT\n";
}

std::vector<std::string> ofOthers(std::vector<std::string> rules) {
  std::erase(rules, fmt::format("-j {}", kInstance.forwardChain()));
  return rules;
}

void checkListing(std::string_view text) {
  const std::set<Family> both{Family::V4, Family::V6};
  for (const auto& table : foreignFilters(text)) {
    ALWAYS(table.family == "inet" || table.family == "ip" || table.family == "ip6");
    ALWAYS(!(table.family == "inet" && table.name == kInstance.table()));
    ALWAYS(!(table.family == "ip" && table.name == "filter"));
    ALWAYS(obstacle(table, "", both).empty());
    obstacle(table, text, both);
  }
}

void planRaw(std::string_view text) {
  const Listener listener{.port = 17900,
                          .addresses = {Address::parse("192.0.2.1").value()},
                          .wildcards = {Family::V6},
                          .peers = {Address::parse("192.0.2.2").value()}};
  const HostRules host{.vips = true, .loosened = {"br-gw"}, .listener = listener};
  const std::set<Address> vips{Address::parse("10.0.0.101").value()};
  const std::string jump = "-j " + kInstance.entryChain();
  for (const Family family : {Family::V4, Family::V6}) {
    const auto wanted = entryRules(kInstance, family, host, vips);
    test::RawTable table{std::string(text)};
    // iptables-restore removes no chain to which another program's rule leads.
    for (auto& [chain, rules] : table.chains) {
      if (chain == kInstance.entryChain() || chain == kInstance.sourcesChain()) continue;
      const bool first = chain == "PREROUTING";
      std::erase_if(rules, [first, &jump](const std::string& rule) {
        return rule.find("-j BGPLB") != std::string::npos && !(first && rule == jump);
      });
    }
    const auto others = table.ofOthers();
    table.restore(planEntry(kInstance, table.saved(), wanted, {}));
    ALWAYS(parseEntry(table.saved(), kInstance) == wanted);
    ALWAYS(planEntry(kInstance, table.saved(), wanted, {}).empty());
    ALWAYS(table.ofOthers() == others);
    table.restore(planEntry(kInstance, table.saved(), {}, {}));
    ALWAYS(planEntry(kInstance, table.saved(), {}, {}).empty());
    ALWAYS(table.chains == others);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  checkListing(fuzz::textOf(data, size));
  const auto before = parse(fuzz::textOf(data, size), kInstance);
  ALWAYS(parse(saved(before), kInstance) == before);

  for (const Family family : {Family::V4, Family::V6}) {
    const auto after = test::restored(before, planPresent(kInstance, family, before, {}));
    ALWAYS(after.own == ownRules(family));
    ALWAYS(planPresent(kInstance, family, after, {}).empty());
    ALWAYS(ofOthers(after.forward) == ofOthers(before.forward));
    const auto gone = test::restored(after, planAbsent(kInstance, after));
    ALWAYS(!gone.own);
    ALWAYS(gone.forward == ofOthers(before.forward));
    ALWAYS(planAbsent(kInstance, gone).empty());
  }
  planRaw(fuzz::textOf(data, size));
  return 0;
}
