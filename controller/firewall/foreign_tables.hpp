#pragma once
// Finds nft tables of other programs that stop packets to VIPs (nft_listing.hpp), so that the log
// and `bgplb status` name these tables: our rules cannot override them. Owned and called by
// Iptables.

#include "base/address.hpp"
#include "base/result.hpp"
#include "firewall/tool_runner.hpp"
#include "io/task.hpp"

#include <set>
#include <string>

namespace bgplb::firewall {

class ForeignTables {
 public:
  explicit ForeignTables(ToolRunner& tools) : tools_(tools) {}

  // The obstacles for VIPs of the families, separated by "; ". Empty: none, or nft is missing. An
  // error: they cannot be determined now.
  Task<Result<std::string>> obstacles(std::set<Family> vips);

 private:
  ToolRunner& tools_;
};

}  // namespace bgplb::firewall
