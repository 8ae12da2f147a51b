#include "firewall/entry_table.hpp"

#include "base/log.hpp"
#include "firewall/iptables_programs.hpp"

#include <utility>

namespace bgplb::firewall {

Task<Result<void>> EntryTable::reconcile(HostRules host, std::set<Address> vips) {
  Result<void> outcome;
  for (const Family family : {Family::V4, Family::V6}) {
    if (family == Family::V6 && !hasIpv6()) continue;
    EntryRules rules = entryRules(instance_, family, host, vips);
    const bool filtersSources = !rules.sources.empty();
    auto done = co_await reconcileFamily(family, std::move(rules));
    if (!done && outcome) outcome = done;
    if (done || !filtersSources) continue;
    HostRules others = host;
    others.loosened.clear();
    rules = entryRules(instance_, family, others, vips);
    done = co_await reconcileFamily(family, std::move(rules));
  }
  co_return outcome;
}

Task<Result<void>> EntryTable::reconcileFamily(Family family, EntryRules wanted) {
  if (wanted.entry.empty() && !hasLegacyTable(family, "raw")) co_return Result<void>{};
  const auto saved = co_await saveTable(tools_, family, Flavour::Legacy, "raw");
  if (!saved) co_return saved.error();
  const auto known = installed_.find(family);
  const bool knowsListed = known != installed_.end() && known->second.rules == wanted;
  std::string commands =
      planEntry(instance_, *saved, wanted, knowsListed ? known->second.listed : EntryRules{});
  if (commands.empty()) co_return Result<void>{};
  const auto changed = co_await restoreTable(tools_, family, Flavour::Legacy, std::move(commands));
  if (!changed) co_return changed.error();
  log::info("firewall: {}: table raw: {} {}", nameOf(family, Flavour::Legacy),
            instance_.entryChain(), wanted.entry.empty() ? "removed" : "changed");
  const auto after = co_await saveTable(tools_, family, Flavour::Legacy, "raw");
  if (!after) co_return after.error();
  EntryRules listed = parseEntry(*after, instance_);
  // Otherwise another program has changed the chains meanwhile.
  const bool complete =
      listed.entry.size() == wanted.entry.size() && listed.sources.size() == wanted.sources.size();
  if (complete) installed_[family] = {std::move(wanted), std::move(listed)};
  co_return Result<void>{};
}

}  // namespace bgplb::firewall
