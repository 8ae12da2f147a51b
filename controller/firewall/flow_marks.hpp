#pragma once
// Keeps established connections on their backend by an nft table (`nft list table inet bgplb`). The
// table marks each connection to a VIP with the slot of the backend that received its first packet.
// Every later packet gets that mark, and a policy rule routes it to the same backend
// (core/kernel_network.hpp). New connections have no mark, so the next-hop group selects their
// backend. Owned and called by Iptables.
//
//   learn     after routing: a next hop of 169.254.77.N or fe80::77:N means slot N
//   restore   before routing; locally generated packets are routed again
//
// Only packets in the original direction are marked, ICMP errors about replies (such as "packet too
// big") included: these must reach the backend that sent the reply. The number of rules depends
// neither on the number of VIPs nor on the number of backends, because the slot is copied from the
// address bit by bit. iptables cannot do this: it has no match for the next hop of a packet.

#include "base/result.hpp"
#include "firewall/tool_runner.hpp"
#include "io/task.hpp"

#include <string>
#include <vector>

namespace bgplb::firewall {

// Input for `nft -f` that creates the table, or replaces an existing one in the same transaction.
std::string flowMarkRules();

class FlowMarks {
 public:
  explicit FlowMarks(ToolRunner& tools) : tools_(tools) {}

  // Creates or repairs the table if it is wanted, otherwise removes it. Invalid, NotFound: nft is
  // missing, or nft or the kernel lacks a feature. Transient: the same call may succeed later.
  Task<Result<void>> reconcile(bool wanted);

 private:
  Task<Result<std::string>> nft(std::vector<std::string> arguments, std::string input = {});

  ToolRunner& tools_;
  std::string asListedByNft_;  // the listing of the table directly after we loaded it
};

}  // namespace bgplb::firewall
