#pragma once
// Determines from the output of `nft list` whether another program's nft tables stop packets that
// our rules accept: an ACCEPT in iptables or in one table does not override the verdict of a later
// base chain (nft(8), "Verdict statements"). Pure. Called by ForeignTables.

#include "base/address.hpp"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace bgplb::firewall {

struct TableName {
  std::string family;  // of nft: inet, ip, ip6
  std::string name;
  friend bool operator==(const TableName&, const TableName&) = default;
};

// The tables that filter forwarded packets or packets before routing, except ours and those of
// iptables. `chains`: the output of `nft list chains`.
std::vector<TableName> foreignFilters(std::string_view chains);

// Why the table may stop packets from clients to VIPs of the families, or the replies. A sentence,
// or empty. `listing`: the output of `nft --terse list table`. Two kinds are recognised: a chain of
// the hook forward that drops or rejects packets that none of its rules accepts, while no rule
// names the bridges of VIPs; and a strict reverse path filter (RFC 3704, section 2.2), which drops
// the replies of a container, because they arrive by another link than the one to which the VIP is
// routed.
std::string obstacle(const TableName& table, std::string_view listing,
                     const std::set<Family>& vips);

}  // namespace bgplb::firewall
