#pragma once
// Runs the programs of iptables: lists a table, and applies changes to it. Used by Iptables and
// EntryTable.

#include "base/address.hpp"
#include "base/result.hpp"
#include "firewall/tool_runner.hpp"
#include "io/task.hpp"

#include <string>

namespace bgplb::firewall {

enum class Flavour { Nft, Legacy };

// "nft", "legacy"
const char* nameOf(Flavour flavour);
// "iptables-nft"
std::string nameOf(Family family, Flavour flavour);

// Avoids a call of iptables-legacy, which creates the kernel's table even if it only lists it.
bool hasLegacyTable(Family family, const char* table = "filter");

bool hasIpv6();

// The output of `iptables-save -t TABLE`. Invalid: the program failed. Transient: it hangs.
Task<Result<std::string>> saveTable(ToolRunner& tools, Family family, Flavour flavour,
                                    const char* table);

// `commands`: the input of `iptables-restore --noflush`. Transient: the lock is held, or another
// program has changed the table meanwhile.
Task<Result<void>> restoreTable(ToolRunner& tools, Family family, Flavour flavour,
                                std::string commands);

}  // namespace bgplb::firewall
