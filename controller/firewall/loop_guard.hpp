#pragma once
// Rejects packets to a VIP that would return to the router from which they came, by an nft table
// (`nft list table inet bgplb_loops`). Without it, a packet that a router still sends to this host
// for a VIP without a backend follows the default route back to the router, which sends it again,
// until its TTL ends. Owned and called by Iptables.
//
// The table matches forwarded packets to a VIP whose input and output link are the same link
// towards a BGP peer. So it affects neither clients on this host, which may reach the VIP on
// another host through the router, nor replies from a VIP (docs/decisions/0016-loop-guard.md).

#include "base/address.hpp"
#include "base/result.hpp"
#include "firewall/tool_runner.hpp"
#include "io/task.hpp"

#include <set>
#include <string>
#include <vector>

namespace bgplb::firewall {

struct GuardedTraffic {
  std::set<Address> vips;
  std::set<std::string> links;  // names of the links towards the BGP peers
};

// Input for `nft -f` that creates the table, or replaces an existing one in the same transaction. A
// link whose name needs quoting in nft is left out.
std::string loopGuardRules(const GuardedTraffic& traffic);

class LoopGuard {
 public:
  explicit LoopGuard(ToolRunner& tools) : tools_(tools) {}

  // Creates, changes or repairs the table; removes it if there is nothing to guard. Errors as for
  // FlowMarks::reconcile().
  Task<Result<void>> reconcile(GuardedTraffic traffic);

 private:
  Task<Result<std::string>> nft(std::vector<std::string> arguments, std::string input = {});

  ToolRunner& tools_;
  std::string loaded_;         // the rules of the last successful load
  std::string asListedByNft_;  // the listing of the table, without set elements, directly after it
};

}  // namespace bgplb::firewall
