#pragma once
// The rules of host_rules.hpp that drop packets, for iptables: used where nft fails. Pure: reads
// the output of `iptables-save -t raw`, returns the input of iptables-restore. Called by Iptables.
//
// The rules are in two chains of our own in the legacy raw table. PREROUTING jumps to the first:
//
//   BGPLB-ENTRY    drops what enters by bgplb-*, and connections to BIRD's port that are not from a
//                  peer. Packets that strict reverse path filtering would drop on a loosened bridge
//                  go to the second chain
//   BGPLB-SOURCES  returns packets from a VIP and drops all others. iptables cannot look up the
//                  link to which a source is routed, so this chain has one rule for each VIP. Only
//                  replies from VIPs and forged packets reach it. Without a loosened bridge it is
//                  empty
//
// The second instance of the plugin has the chains BGPLB2-ENTRY and BGPLB2-SOURCES.

#include "base/address.hpp"
#include "core/instance.hpp"
#include "firewall/host_rules.hpp"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace bgplb::firewall {

// In the notation of iptables-save, without "-A CHAIN ".
struct EntryRules {
  std::vector<std::string> entry;  // empty: no rules are wanted
  std::vector<std::string> sources;
  friend bool operator==(const EntryRules&, const EntryRules&) = default;
};

// `vips`: of this host, all families, all instances.
EntryRules entryRules(core::Instance instance, Family family, const HostRules& rules,
                      const std::set<Address>& vips);

// The rules of the instance's chains.
EntryRules parseEntry(std::string_view saved, core::Instance instance);

// The input for `iptables-restore --noflush`; empty: no change is needed. `asListed`: `wanted` as
// this version of iptables lists it, if that differs; without rules: unknown.
std::string planEntry(core::Instance instance, std::string_view saved, const EntryRules& wanted,
                      const EntryRules& asListed);

}  // namespace bgplb::firewall
