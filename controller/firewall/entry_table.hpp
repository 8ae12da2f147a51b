#pragma once
// Keeps the rules of entry_rules.hpp in the legacy raw table. Owned and called by Iptables.

#include "base/result.hpp"
#include "firewall/entry_rules.hpp"
#include "firewall/tool_runner.hpp"
#include "io/task.hpp"

#include <map>
#include <set>

namespace bgplb::firewall {

class EntryTable {
 public:
  EntryTable(ToolRunner& tools, core::Instance instance) : tools_(tools), instance_(instance) {}

  // Drops what `host` drops by nft; with neither VIPs nor listener, removes the rules. If the
  // kernel has no rpfilter match, the other rules are installed, and its error is returned.
  Task<Result<void>> reconcile(HostRules host, std::set<Address> vips);

 private:
  Task<Result<void>> reconcileFamily(Family family, EntryRules wanted);

  // The rules, and how iptables listed them directly after it has installed them.
  struct Installed {
    EntryRules rules;
    EntryRules listed;
  };

  ToolRunner& tools_;
  core::Instance instance_;
  std::map<Family, Installed> installed_;
};

}  // namespace bgplb::firewall
