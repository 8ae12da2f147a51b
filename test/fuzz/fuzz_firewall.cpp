// iptables-save: the parsed table, written again, parses to the same table. For any table, one plan
// installs our rules, one plan removes them, and neither changes a rule of another program.

#include "firewall/rules.hpp"

#include "fuzz/fuzz.hpp"
#include "support/iptables_restore.hpp"

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
  if (table.own) text += fmt::format(":{} - [0:0]\n", kInstance.chain());
  for (const auto& rule : table.forward) text += fmt::format("-A FORWARD {}\n", rule);
  if (table.own) {
    for (const auto& rule : *table.own) text += fmt::format("-A {} {}\n", kInstance.chain(), rule);
  }
  return text + "COMMIT\n";
}

std::vector<std::string> ofOthers(std::vector<std::string> rules) {
  std::erase(rules, fmt::format("-j {}", kInstance.chain()));
  return rules;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
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
  return 0;
}
